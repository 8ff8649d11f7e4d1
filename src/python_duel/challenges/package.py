"""The challenge package: one problem with all its tests, as the web stores it and the judge reads it.

A package crosses the wire as JSON. It holds no solution: those stay in the folder it was loaded from.
"""

import hashlib
import json
from collections.abc import Collection
from functools import cached_property
from keyword import iskeyword
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from python_duel.languages.types import parse_type
from python_duel.protocol.base import Language
from python_duel.protocol.server import ChallengeLimits, ChallengeView, Sample, Signature

Kind = Literal["function", "stdio"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class PackageModel(BaseModel):
    """Base of what a package is made of: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TestCase(PackageModel):
    """One case: `args` of a function and the value `expected`, or `stdin` and the `expected` standard output."""

    __test__ = False  # no pytest class

    name: Annotated[str, Field(min_length=1, max_length=80)]
    args: list[JsonValue] | None = None
    stdin: str | None = None
    expected: JsonValue
    note: str | None = None


class Limits(PackageModel):
    """What one case may use."""

    cpu_ms: Annotated[int, Field(ge=100, le=10_000)] = 2000
    memory_mb: Annotated[int, Field(ge=16, le=1024)] = 128
    output_bytes: Annotated[int, Field(ge=1024, le=1 << 20)] = 1 << 20


class Checker(PackageModel):
    """How an answer is judged: `exact`, by `tokens` (white space does not count), by `float` or `custom`.

    The tolerance is both absolute and relative, as in `math.isclose`, and applies to every number of the answer. A
    custom checker is Python, `source`: it defines `check(input, expected, output) -> bool`, where `input` is the list
    of arguments or the text of standard input, and is run in the sandbox as any stranger's program.
    """

    kind: Literal["exact", "tokens", "float", "custom"]
    tolerance: Annotated[float, Field(gt=0, le=1)] = 1e-6
    source: str | None = None

    @model_validator(mode="after")
    def _has_source(self) -> Self:
        if (self.source is not None) != (self.kind == "custom"):
            raise ValueError("a custom checker, and no other, has a source")
        return self


class Package(PackageModel):
    """A challenge with its hidden tests. Raises pydantic's ValidationError when its parts do not fit together."""

    slug: Slug
    title: Annotated[str, Field(min_length=1, max_length=80)]
    difficulty: Annotated[int, Field(ge=1, le=5)]
    tags: list[str] = []
    kind: Kind
    signature: Signature | None = None
    limits: Limits = Limits()
    checker: Checker
    statement: str
    samples: list[TestCase]
    hidden: list[TestCase]
    starter: dict[Language, str]
    """By language; the languages are those in which the challenge can be solved."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.signature is not None) != (self.kind == "function"):
            raise ValueError("a function challenge, and no other, has a [function] table")
        if self.signature is not None:
            _check_signature(self.signature)
        for case in self.cases:
            self._check_case(case)
        return self

    def _check_case(self, case: TestCase) -> None:
        if self.signature is None:
            if case.stdin is None or case.args is not None or not isinstance(case.expected, str):
                raise ValueError(
                    f"case {case.name!r}: a stdio case has 'stdin' and 'expected', both text, and no 'args'"
                )
            return
        count = len(self.signature.parameters)
        if case.args is None or case.stdin is not None or len(case.args) != count:
            raise ValueError(
                f"case {case.name!r}: a case of this function has 'args' with {count} values and no 'stdin'"
            )

    @property
    def cases(self) -> list[TestCase]:
        """All cases in the order they are judged: the samples, then the hidden ones."""
        return [*self.samples, *self.hidden]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in hex: the same content has the same digest everywhere."""
        content = self.model_dump(mode="json")
        if content["checker"]["source"] is None:
            # Younger than the format: versions without it keep their names.
            del content["checker"]["source"]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def input_text(self, case: TestCase) -> str:
        """The case's input as people read it: standard input, or the call as it would be written in Python."""
        if self.signature is None:
            return case.stdin or ""
        return f"{self.signature.name}({', '.join(map(repr, case.args or []))})"

    def expected_text(self, case: TestCase) -> str:
        """The answer expected: standard output, or the value returned, as JSON."""
        if self.signature is None:
            return str(case.expected)
        return json.dumps(case.expected, ensure_ascii=False)

    def offered(self, available: Collection[str]) -> list[Language]:
        """Of the languages that can be judged now, those in which this challenge can be solved."""
        return [language for language in self.starter if language in available]

    def view(self, code_bytes: int, available: Collection[str]) -> ChallengeView:
        """What a player may see: no hidden case. `code_bytes` is the server's limit on a solution; `available` are the
        languages that can be judged now.
        """
        return ChallengeView(
            **self.model_dump(include={"slug", "title", "difficulty", "tags", "kind", "statement"}),
            starter={language: self.starter[language] for language in self.offered(available)},
            signature=self.signature,
            samples=[self._sample(case) for case in self.samples],
            limits=ChallengeLimits(**self.limits.model_dump(), code_bytes=code_bytes),
        )

    def _sample(self, case: TestCase) -> Sample:
        return Sample(name=case.name, input=self.input_text(case), expected=self.expected_text(case), note=case.note)


def _check_signature(signature: Signature) -> None:
    names = [signature.name, *(p.name for p in signature.parameters)]
    for name in names:
        if not name.isidentifier() or iskeyword(name):
            raise ValueError(f"[function]: {name!r} is not a Python name")
    if len(set(names)) != len(names):
        raise ValueError("[function]: the function and its parameters need different names")
    for text in (*(p.type for p in signature.parameters), signature.returns):
        parse_type(text)
