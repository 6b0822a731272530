"""`tutorials/*.md`: a small bridge in steps, one page for each language.

The text is the same for all languages; the code is that of the programs in `tutorials/programs`, which mark the steps.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tutorials"
PROGRAMS = FOLDER / "programs"
_STEP = re.compile(r"^ *(?:#|//) --- (\d)\. .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Language:
    """A language of the tutorials: the name of its code blocks, its program, and how to start that.

    `unhandled` is the check that fails after the second step, where no function handles the event, for this `reason`.
    """

    title: str
    block: str
    program: str
    needs: str
    command: str
    notes: str = ""
    unhandled: str = "Every webhook is acknowledged"
    reason: str = "But no function handles its event, so the response was 404."


LANGUAGES = {
    "python": Language("Python", "python", "bridge.py", "Python 3.11 or later, without packages", "python3 bridge.py"),
    "node": Language("JavaScript", "js", "bridge.js", "Node 18 or later, without packages", "node bridge.js"),
    "php": Language(
        "PHP",
        "php",
        "bridge.php",
        "PHP 8.1 or later, without extensions",
        "php bridge.php",
        "\nPHP's own web server runs the same file for each request. So the first part has two halves: the web server"
        "\nstores a webhook in a file, and the bridge reads this file.\n",
        unhandled="Every audience row is read exactly once",
        reason="The web server stored its event, but\nno function handles it.",
    ),
    "java": Language(
        "Java",
        "java",
        "Bridge.java",
        "Java 17 or later, and the jar of Gson (`com.google.code.gson:gson` at Maven) as `gson.jar`",
        "java -cp gson.jar Bridge.java",
    ),
}

_PAGE = """# Build a small bridge in {title}

Audience: engineers who write their first bridge, in {title}. In half an hour, you will have a bridge of {lines} lines
that passes a first scenario, and you will know the purpose of each part. The same page exists for {others}.

You need {needs}, and [Sendproof](../install.md). The bridge sends through Textlocal. [The calls you
need](../calls/scheduled-textlocal.md) shows each request and response in full.

The whole program is [{program}](programs/{program}). After each step, you run it, and the verdict shows what is still
missing.

## 1. Receive webhooks, and use the virtual clock

Sendproof starts your bridge with the path of the [handover file](../connect-your-bridge.md#1-read-the-handover-file) in
`SENDPROOF_HANDOVER`: all URLs, keys and ids. The bridge keeps a list of jobs with the time when each is due. It runs
the due jobs, and tells the clock when the next one is due. A simulated week then takes seconds.
{notes}
```{block}
{part1}```

The bridge responds to a webhook at once, because all work that takes time is a job. Keep these lines at the end of the
file:

```{block}
{part5}```

## 2. Send the templates, and register a listener

A marketer chooses a template in Optimove, which only knows the templates that your bridge has sent there. Optimove
announces a campaign to your listener.

```{block}
{part2}```

```console
$ {command}
...
 fail     {unhandled}  ...
...
$ echo $?
1
```

The bridge registered, and Optimove announced a campaign. {reason}

## 3. Read the campaign, and send it

Event 13 names the campaign. The bridge reads its rows in pages of 10,000, fills in the texts, and converts the numbers
to international form. At the send time, it leaves out customers who have opted out, and sends 500 messages per call.

```{block}
{part3}```

```console
$ {command}
...
 pass     Each recipient gets exactly one message  ...
...
 fail     Metrics arrive several times a day  ...
...
$ echo $?
1
```

Every recipient got the message. But Textlocal posts the status of each message, and Optimove needs reports of it.

## 4. Count the receipts, and report

A receipt has the number and the status. The bridge reports the totals 15 minutes after the send time, and then every
six hours for a week.

```{block}
{part4}```

```console
$ {command}
...
 verdict     pass  ...
...
```

## What is missing

This bridge passes the first scenario, but is not ready for production. Run the [other
themes](../quickstart.md#5-run-the-whole-library-before-monday), and fix what they find:

* It keeps everything in memory, so a restart loses it. Store webhooks before you respond, and messages before you send.
* It retries nothing, and ignores the [rate limit](../reference/operations.md).
* It only serves scheduled campaigns of one channel, and numbers of one country.
* It counts the messages of all campaigns together, so its totals are wrong if two campaigns have the same template.
  A single campaign does not show that, but [the invariant](../invariants.md) `halves` does.
* It does not handle cancellations, consent in an attribute, or replies of customers.

The example bridges in [Python](../../bridge/examples/flask_bridge/README.md),
[JavaScript](../../bridge/examples/node_bridge/README.md) and [PHP](../../bridge/examples/php_bridge/README.md) are the
next step.
"""


def parts(program: str) -> dict[int, str]:
    """Return the code of each step, by its number; what comes before the first one belongs to it."""
    head, *rest = _STEP.split((PROGRAMS / program).read_text("utf-8"))
    steps = zip(rest[::2], rest[1::2], strict=True)
    found = {int(number): code.strip("\n") + "\n" for number, code in steps}
    return {**found, 1: f"{head.rstrip()}\n\n{found[1]}"}


def page(name: str) -> str:
    """Return the page of a language."""
    language = LANGUAGES[name]
    others = [f"[{other.title}]({file}.md)" for file, other in LANGUAGES.items() if file != name]
    code = {f"part{number}": text for number, text in parts(language.program).items()}
    return _PAGE.format(
        title=language.title,
        block=language.block,
        program=language.program,
        needs=language.needs,
        notes=language.notes,
        unhandled=language.unhandled,
        reason=language.reason,
        lines=round(len((PROGRAMS / language.program).read_text("utf-8").splitlines()), -1),
        others=", ".join(others[:-1]) + f" and {others[-1]}",
        command=f'sendproof run scheduled/one_text_one_time --provider textlocal --command "{language.command}"',
        **code,
    )


#: By path: the function that returns the page.
PAGES: dict[Path, Callable[[], str]] = {FOLDER / f"{name}.md": partial(page, name) for name in LANGUAGES}
