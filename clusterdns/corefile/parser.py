"""From the text of a Corefile to its model.

The grammar is the one that CoreDNS has from coredns/caddy (v1.1.1 to v1.1.4,
``caddyfile/parse.go`` and ``dispenser.go``): what CoreDNS reads, this reads, with the same
meaning. Which plugins exist is not the parser's business: see ``directives``.
"""

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from posixpath import dirname, join, normpath
from types import MappingProxyType

from clusterdns.corefile.finding import place_in_words
from clusterdns.corefile.keys import key_of
from clusterdns.corefile.lexer import Token, tokens_of
from clusterdns.corefile.model import (
    Corefile,
    CorefileError,
    Import,
    Key,
    Option,
    Plugin,
    ServerBlock,
    has_variable,
    with_variables,
)

# Where the Corefile is mounted, unless its replicas say otherwise; relative imports start there.
HOME = "/etc/coredns"

# CoreDNS gives up at 10,000 (coredns/caddy v1.1.4; before, it never ended).
MOST_IMPORTS = 10_000


def parse(
    text: str,
    files: Mapping[str, str] | None = None,
    folders: Collection[str] = (),
    home: str = HOME,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Corefile:
    """Parse the text of a Corefile, with the files that it imports.

    ``files``: the text of files that it may import, by absolute path. Imports of anything else
    stay in the model as they are, because only the pod could tell what they bring. So do
    environment variables that ``environment`` has no value for. ``folders``: where no file is but
    those. ``home``: the Corefile's own.
    Raises CorefileError where CoreDNS would refuse the text itself.
    """
    return _Parser(text, files or {}, frozenset(folders), home, environment).corefile()


class _Parser:
    """One pass over the words; imports are spliced into them on the way."""

    def __init__(
        self,
        text: str,
        files: Mapping[str, str],
        folders: frozenset[str],
        home: str,
        environment: Mapping[str, str],
    ) -> None:
        self.environment = environment
        self.tokens = self.read(text)
        self.files = files
        self.folders = folders
        self.home = home
        self.at = 0
        self.snippets: dict[str, list[Token]] = {}
        self.imports: list[Import] = []
        self.import_count = 0

    def corefile(self) -> Corefile:
        blocks: list[ServerBlock] = []
        while self.at < len(self.tokens):
            block = self.statement()
            if block is not None:
                blocks.append(block)
        return Corefile(
            blocks=tuple(block for block in blocks if block.keys),
            imports=tuple(self.imports),
            dropped=tuple(block for block in blocks if not block.keys and block.plugins),
        )

    # Words

    def read(self, text: str, file: str = "") -> list[Token]:
        """The words of a file, with what the environment has in its place."""
        return [
            Token(with_variables(word.text, self.environment), word.line, file)
            if has_variable(word.text)
            else word
            for word in tokens_of(text, file)
        ]

    @property
    def here(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def is_here(self, text: str) -> bool:
        token = self.here
        return token is not None and token.text == text

    def begins_line(self, at: int) -> bool:
        """Whether this word is the first on its line, as CoreDNS sees it.

        Words of a snippet keep the lines of its definition, which are smaller than those around
        the import: such a word does not begin a line by this rule.
        """
        if at == 0:
            return True
        before, token = self.tokens[at - 1], self.tokens[at]
        return before.file != token.file or before.last_line < token.line

    def same_line(self, at: int) -> bool:
        """Whether the word at this place continues the line of the one before it."""
        if not 0 < at < len(self.tokens):
            return False
        before, token = self.tokens[at - 1], self.tokens[at]
        return before.file == token.file and before.last_line == token.line

    def error(self, message: str, token: Token | None = None) -> CorefileError:
        token = token or self.here or (self.tokens[-1] if self.tokens else Token("", 1))
        return CorefileError(token.line, message, token.file)

    # Top level

    def statement(self) -> ServerBlock | None:
        """A server block, a snippet's definition, or None after imports that brought nothing."""
        start = self.at
        line = self.tokens[start].place
        words = self.addresses()
        if self.here is not None and len(words) == 1 and _names_snippet(words[0].text):
            self.snippet(words[0])
            return None
        keys = [key_of(word) for word in words]
        return ServerBlock(tuple(keys), tuple(self.contents()), words[0].place if words else line)

    def addresses(self) -> list[Token]:
        """The words before the opening brace, or before the first line of a block without one."""
        words: list[Token] = []
        another = False
        while (token := self.here) is not None:
            if token.text == "import" and self.begins_line(self.at):
                if not self.splice_import():
                    self.imports.append(Import(self.take_import(), token.place))
                continue
            if token.text == "{":
                if another:
                    raise self.error("a comma announces one more address, but '{' follows it")
                return words
            if token.text:
                another = token.text.endswith(",")
                text = token.text[:-1] if another else token.text
                words.append(Token(text, token.line, token.file))
            self.at += 1
            if self.here is not None and not another and self.begins_line(self.at):
                return words
        if another:
            raise self.error("a comma announces one more address, but the file ends there")
        return words

    def snippet(self, word: Token) -> None:
        name = word.text[1:-1]
        if name in self.snippets:
            raise self.error(f"the snippet ({name}) is defined a second time", word)
        if not self.is_here("{"):
            raise self.error(f"'{{' must follow the name of the snippet ({name}) on its line")
        depth, start = 1, self.at + 1
        while depth:
            self.at += 1
            if self.here is None:
                raise self.error(f"the '}}' that ends the snippet ({name}) is missing", word)
            depth += {"{": 1, "}": -1}.get(self.here.text, 0)
        self.snippets[name] = self.tokens[start : self.at]
        self.at += 1

    # Inside a server block

    def contents(self) -> list[Plugin]:
        braces = self.here if self.is_here("{") else None
        if braces is not None:
            self.at += 1
        plugins: list[Plugin] = []
        while (token := self.here) is not None:
            if token.text == "}":
                self.at += 1
                return plugins
            if token.text != "import":
                plugins.append(self.plugin())
            elif not self.splice_import():
                plugins.append(Plugin("import", (self.take_import(),), (), token.place))
        if braces is not None and self.tokens[-1].text != "}":  # CoreDNS looks no closer
            last = self.tokens[-1]
            where = place_in_words(braces.place, beside=last.place)
            raise self.error(f"the '}}' that ends the server block of {where} is missing", last)
        return plugins

    def plugin(self) -> Plugin:
        """A plugin and everything up to the end of its line, or of its braces."""
        start, depth = self.at, 0
        name = self.tokens[start]
        self.at += 1
        while (token := self.here) is not None:
            if token.text == "{":
                depth += 1
            elif depth == 0 and self.begins_line(self.at):
                break
            elif token.text == "}":
                if depth == 0:
                    raise self.error(f"this '}}' of the plugin '{name.text}' has no opening '{{'")
                depth -= 1
            elif token.text == "import" and self.begins_line(self.at) and self.splice_import():
                continue
            self.at += 1
        if depth:
            last = self.tokens[-1]
            where = place_in_words(name.place, beside=last.place)
            raise self.error(
                f"a '}}' is missing: the plugin '{name.text}' of {where} never ends", last
            )
        return self.plugin_of(start, self.at)

    def plugin_of(self, start: int, end: int) -> Plugin:
        """The plugin that these words are."""
        name = self.tokens[start]
        args, at = self.line_of(start + 1, end)
        options: tuple[Option, ...] = ()
        trailing: list[str] = []
        detached = False
        while at < end:
            detached = detached or not self.same_line(at)
            more, at = self.options_of(at + 1, end)
            options += more
            rest, at = self.line_of(at, end)
            trailing += rest
        whole = tuple(self.tokens[start:end])
        return Plugin(
            name=name.text,
            args=tuple(args),
            options=options,
            line=name.place,
            detached_brace=detached,
            trailing=tuple(trailing),
            tokens=whole,
        )

    def line_of(self, at: int, end: int) -> tuple[list[str], int]:
        """The words up to a brace, and the place of that brace."""
        words: list[str] = []
        while at < end and self.tokens[at].text not in ("{", "}"):
            words.append(self.tokens[at].text)
            at += 1
        return words, at

    def options_of(self, at: int, end: int) -> tuple[tuple[Option, ...], int]:
        """The lines behind an opening brace, and the place behind the closing one."""
        options: list[Option] = []
        while at < end and self.tokens[at].text != "}":
            first = self.tokens[at]
            if first.text == "{":  # a brace on a line of its own
                nested, at = self.options_of(at + 1, end)
                options.append(Option("", (), nested, first.place))
                continue
            args: list[str] = []
            at += 1
            while at < end and self.same_line(at) and self.tokens[at].text not in ("{", "}"):
                args.append(self.tokens[at].text)
                at += 1
            nested = ()
            if at < end and self.same_line(at) and self.tokens[at].text == "{":
                nested, at = self.options_of(at + 1, end)
            glued = at < end and self.same_line(at) and self.tokens[at].text == "}" and not nested
            options.append(Option(first.text, tuple(args), nested, first.place, glued))
        return tuple(options), at + 1

    # Imports

    def splice_import(self) -> bool:
        """Put what an import names in its place; False when that is not known here."""
        word = self.tokens[self.at]
        if not self.same_line(self.at + 1):
            raise self.error("'import' needs a snippet's name, a file or a pattern", word)
        pattern = self.tokens[self.at + 1].text
        if not pattern:
            raise self.error("'import' needs a snippet's name, a file or a pattern", word)
        if self.same_line(self.at + 2):
            raise self.error("'import' takes one argument", word)
        found = self.snippets.get(pattern)
        if found is None and not has_variable(pattern):
            found = self.imported_files(pattern, word)
        if found is None:
            return False
        self.import_count += 1
        if self.import_count > MOST_IMPORTS:
            raise self.error(f"'import {pattern}' never ends", word)
        self.tokens[self.at : self.at + 2] = found
        return True

    def take_import(self) -> str:
        """Remove an import that stays unresolved, as CoreDNS does when no file matches."""
        pattern = self.tokens[self.at + 1].text
        del self.tokens[self.at : self.at + 2]
        return pattern

    def imported_files(self, pattern: str, word: Token) -> list[Token] | None:
        if sum(pattern.count(char) > 1 for char in "*?") or ("[" in pattern and "]" in pattern):
            raise self.error("a pattern to import may hold one wildcard only", word)
        path = normpath(join(dirname(word.file) or self.home, pattern))
        names = sorted(
            name
            for name in self.files
            if name.count("/") == path.count("/") and fnmatchcase(name, path)
        )
        if not names and dirname(path) not in self.folders:
            return None
        if not names and not any(char in path for char in "*?[]"):
            raise self.error(f"there is no file {pattern!r} to import", word)
        return [token for name in names for token in self.read(self.files[name], name)]


def _names_snippet(text: str) -> bool:
    return text.startswith("(") and text.endswith(")")


def keys_of(text: str) -> tuple[Key, ...]:
    """The keys of a server block that are written like this, as in ``keys_of("a.org b.org:54")``.

    Raises CorefileError for what is no zone.
    """
    return tuple(key_of(token) for token in tokens_of(text))
