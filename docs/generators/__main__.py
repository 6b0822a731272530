"""`make docs`: write every reference page, page of calls and data file again."""

from call_pages.all_pages import FOLDER as CALLS
from call_pages.all_pages import call_pages
from call_pages.player import running_simulators
from pages import DATA, FOLDER, PAGES

for path, content in DATA.items():
    path.write_text(content(), encoding="utf-8")
for name, page in PAGES.items():
    (FOLDER / name).write_text(page(), encoding="utf-8")
with running_simulators() as control:
    calls = call_pages(control)
for name, text in calls.items():
    (CALLS / name).write_text(text, encoding="utf-8")
