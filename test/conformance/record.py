"""Writes cases.json: every case of cases/*.json rendered by the installed Jinja2.

    /usr/bin/python3 test/conformance/record.py

A file in cases/ is a list of groups: {"group": name, "context": {...}, "options": {...}, "templates": {...},
"cases": [source | {"source" | "entry", "context", "options", "templates"}, ...]}. A case inherits its group's fields.
"""

import copy
import json
import pathlib
import sys

import jinja2

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import oracle  # noqa: E402

HERE = pathlib.Path(__file__).parent


def expand(group, number, case):
    case = {"source": case} if isinstance(case, str) else case
    merged = {"name": f"{group['group']} {number + 1}", "source": case.get("source"), "entry": case.get("entry")}
    for field in ("templates", "context", "options"):
        merged[field] = {**group.get(field, {}), **case.get(field, {})}
    return {key: value for key, value in merged.items() if value not in (None, {})}


def main():
    oracle.signal.signal(oracle.signal.SIGALRM, oracle.on_alarm)
    cases = []
    for path in sorted((HERE / "cases").glob("*.json")):
        for group in json.loads(path.read_text("utf-8")):
            for number, case in enumerate(group["cases"]):
                full = expand(group, number, case)
                # A template may change what it is given; the record and the other cases keep it as it was.
                got = oracle.answer(copy.deepcopy(full))
                full.update({"expected": got["output"]} if "output" in got else {"error": got["error"]})
                cases.append(full)
    versions = {"jinja2": jinja2.__version__, "python": sys.version.split()[0]}
    # One case a line, so that a difference shows which of them changed.
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    text = f'{json.dumps(versions)[:-1]}, "cases": [\n{lines}\n]}}\n'
    (HERE / "cases.json").write_text(text, "utf-8")
    errors = sum("error" in case for case in cases)
    print(f"{len(cases)} cases, {errors} of them errors")


if __name__ == "__main__":
    main()
