"""`make docs`: write every reference page and data file again."""

from pages import DATA, FOLDER, PAGES

for path, content in DATA.items():
    path.write_text(content(), encoding="utf-8")
for name, page in PAGES.items():
    (FOLDER / name).write_text(page(), encoding="utf-8")
