"""The rules of ``rewrite`` that CoreDNS refuses (plugin/rewrite: newRule and what it calls)."""

import re
from collections.abc import Iterator, Sequence

from clusterdns.corefile.directives import Version
from clusterdns.corefile.dns_words import CLASSES, is_rcode, is_type
from clusterdns.corefile.model import Plugin, has_variable
from clusterdns.corefile.patterns import LONGEST_PATTERN, fault_of_pattern, groups_of

PATTERNS_LIMITED: Version = (1, 14, 0)
REWRITES_RCODE: Version = (1, 11, 0)
REVERTS: Version = (1, 11, 4)  # "revert" may end a rule of edns0
UNSETS: Version = (1, 12, 3)
READS_PATTERNS_OF_CNAME: Version = (1, 13, 2)
METADATA_IN_NAMES: Version = (1, 15, 0)  # "metadata" may follow a regex rule for names
NAME_KINDS = ("exact", "prefix", "suffix", "substring", "regex")
VARIABLES = (
    *("{qname}", "{qtype}", "{client_ip}", "{client_port}", "{protocol}"),
    *("{server_ip}", "{server_port}"),
)
LABEL = re.compile(r"\{[^/{}]+/[^{}]+\}")
NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*")
USED_GROUP = re.compile(r"\{(0|[1-9][0-9]?|100)\}")


def rule_of(plugin: Plugin) -> list[str]:
    """The words of a rule, on its line or in its braces; without stop and continue."""
    words = list(plugin.args)
    if len(words) < 2:
        words += [word for option in plugin.options for word in (option.name, *option.args)]
    return words[1:] if words and words[0].lower() in ("stop", "continue") else words


def faults_of_rule(plugin: Plugin, version: Version) -> Iterator[str]:
    """Why a version of CoreDNS refuses a rule; one sentence at most."""
    words = rule_of(plugin)
    if any(map(has_variable, words)) or plugin.option("import"):
        return
    if not words:
        yield "'rewrite' needs a rule"
        return
    kind, rest = words[0].lower(), words[1:]
    kinds = ["name", "class", "type", "edns0", "ttl"]
    kinds += ["cname", "rcode"] if version >= REWRITES_RCODE else []
    if kind not in kinds:
        yield f"'rewrite' has no rule {words[0]!r}, only {', '.join(kinds)}"
    elif kind in ("class", "type"):
        yield from _class_or_type(kind, rest, version)
    elif kind == "rcode" and len(rest) < 3:
        yield "'rewrite rcode' needs 3 arguments or more"
    elif len(rest) < 2:
        yield f"'rewrite {kind}' needs 2 arguments or more"
    else:
        yield from _READERS[kind](rest, version)


def _class_or_type(kind: str, words: Sequence[str], version: Version) -> Iterator[str]:
    if len(words) != 2:
        yield f"'rewrite {kind}' needs 2 arguments, but has {len(words)}"
        return
    for word in words:
        name = word.upper()
        if not (name in CLASSES if kind == "class" else is_type(name, version)):
            yield f"'rewrite {kind}' needs a {kind}, and {word!r} is none"


def _name(words: Sequence[str], version: Version) -> Iterator[str]:
    kind = words[0].lower() if len(words) > 2 else "exact"
    if kind not in NAME_KINDS:
        yield f"'rewrite name' needs one of {', '.join(NAME_KINDS)} before the names"
        return
    old, new, *answers = words[1:] if len(words) > 2 else words
    if version >= METADATA_IN_NAMES and answers[:1] == ["metadata"]:
        if kind != "regex":
            yield "'rewrite name' takes 'metadata' in regex rules only"
        answers = answers[1:]
    elif kind == "regex":
        yield from _pattern_faults("rewrite name", old, new, version)
    elif kind == "exact":  # CoreDNS reads the new name as a pattern here, too
        yield from _pattern_faults("rewrite name", new, old, version)
    if answers:
        yield from _answers(answers, version)


def _answers(words: list[str], version: Version) -> Iterator[str]:
    """The rules that change answers: 'answer auto', 'answer name A B', 'answer value A B'."""
    if len(words) < 2:
        yield f"{' '.join(words)!r} is no rule for answers: 'answer' and what it does are needed"
        return
    last, names, auto = "", 0, False
    while words:
        if not last and words[0] != "answer":
            yield f"'rewrite name' takes only 'answer' rules behind the names, not {words[0]!r}"
            return
        if words[0] == "answer":
            words = words[1:]
        if not words:
            yield "'answer' of 'rewrite name' says not what is to be done"
            return
        last, *words = words
        if last == "auto":
            auto = True
        elif last not in ("name", "value"):
            yield f"'answer' of 'rewrite name' takes auto, name and value, not {last!r}"
            return
        elif len(words) < 2:
            yield f"'answer {last}' of 'rewrite name' needs 2 arguments"
            return
        else:
            yield from _pattern_faults(f"answer {last}", words[0], words[1], version)
            words = words[2:]
            names += last == "name"
    if auto and names:
        yield "'answer auto' and 'answer name' of 'rewrite name' exclude each other"


def _edns0(words: Sequence[str], version: Version) -> Iterator[str]:
    kind, action, *rest = words
    kind, action = kind.lower(), action.lower()
    actions = ["set", "append", "replace"] + (["unset"] if version >= UNSETS else [])
    if action not in actions:
        yield f"'rewrite edns0' takes {', '.join(actions)}, not {action!r}"
        return
    if kind not in ("local", "nsid", "subnet"):
        yield f"'rewrite edns0' knows local, nsid and subnet, not {kind!r}"
        return
    if action != "unset" and version >= REVERTS and rest[-1:] == ["revert"]:
        rest = rest[:-1]
    wanted = {"local": 2, "nsid": 0, "subnet": 2}[kind]
    if action == "unset":
        wanted = 1 if kind == "local" else 0
    if len(rest) != wanted:
        yield f"'rewrite edns0 {kind} {action}' needs {wanted} arguments, but has {len(rest)}"
        return
    numbers = rest if kind == "subnet" else rest[:1]
    for word, most in zip(numbers, (32, 128) if kind == "subnet" else (65535,), strict=False):
        if not NUMBER.fullmatch(word) or _value(word) > most:
            yield f"'rewrite edns0 {kind}' needs a number from 0 to {most}, not {word!r}"
    if kind == "local" and action != "unset":
        yield from _data(rest[1])


def _data(word: str) -> Iterator[str]:
    if word.startswith("{") and word.endswith("}"):
        if word not in VARIABLES and not LABEL.fullmatch(word):
            yield f"'rewrite edns0 local' knows no variable {word}"
    elif word.startswith("0x") and not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})*", word):
        yield f"{word!r} of 'rewrite edns0 local' is not in hexadecimal digits, two by two"


def _value(word: str) -> int:
    """A number as Go reads it where the base is open; raises ValueError for none."""
    if re.fullmatch(r"0[0-7]+", word):
        return int(word, 8)
    return int(word, 0)


def _ttl(words: Sequence[str], version: Version) -> Iterator[str]:
    yield from _with_kind("ttl", words, 2, version)
    if len(words) > 3:
        return
    if not _is_ttl(words[-1]):
        yield f"'rewrite ttl' needs seconds, or a range such as 5-30, not {words[-1]!r}"


def _is_ttl(word: str) -> bool:
    low, dash, high = word.partition("-")
    if not dash:
        return _is_whole(low)
    if (low and not _is_whole(low)) or (high and not _is_whole(high)) or not (low or high):
        return False
    return int(low or 0) <= int(high or 2**31 - 1)


def _is_whole(word: str) -> bool:
    return word.isascii() and word.isdigit() and int(word) < 2**32


def _rcode(words: Sequence[str], version: Version) -> Iterator[str]:
    yield from _with_kind("rcode", words, 3, version)
    for word in words[-2:] if len(words) <= 4 else ():
        number = word.isascii() and word.isdigit() and int(word) <= 23
        if not number and not is_rcode(word, version):
            yield f"'rewrite rcode' needs rcodes, and {word!r} is none"


def _cname(words: Sequence[str], version: Version) -> Iterator[str]:
    yield from _with_kind("cname", words, 2, version)


def _with_kind(rule: str, words: Sequence[str], fewest: int, version: Version) -> Iterator[str]:
    """A rule that has its kind before the name, or none and means it exactly."""
    if len(words) > fewest + 1:
        yield f"'rewrite {rule}' takes at most {fewest + 1} arguments, but has {len(words)}"
    elif len(words) > fewest and words[0].lower() not in NAME_KINDS:
        yield f"'rewrite {rule}' needs one of {', '.join(NAME_KINDS)} before the name"
    elif rule == "cname" and version < READS_PATTERNS_OF_CNAME:
        return
    elif len(words) > fewest and words[0].lower() == "regex":
        yield from _pattern_faults(f"rewrite {rule}", words[1], "", version)


def _pattern_faults(what: str, pattern: str, used: str, version: Version) -> Iterator[str]:
    if version >= PATTERNS_LIMITED and len(pattern.encode()) > LONGEST_PATTERN:
        length = len(pattern.encode())
        yield (
            f"a regular expression of 'rewrite' has {length} characters, and may have "
            f"{LONGEST_PATTERN}"
        )
    elif (fault := fault_of_pattern(pattern)) is not None:
        yield f"the regular expression {pattern!r} of '{what}' {fault}"
    elif (uses := len({int(one) for one in USED_GROUP.findall(used)})) > groups_of(pattern):
        yield f"{used!r} of '{what}' uses {uses} groups, and {pattern!r} has {groups_of(pattern)}"


_READERS = {"name": _name, "edns0": _edns0, "ttl": _ttl, "rcode": _rcode, "cname": _cname}
