"""Types of the challenge format, values of them, and signatures."""

from keyword import kwlist
from typing import Any

from hypothesis import strategies as st

from python_duel.languages.types import DictOf, ListOf, Maybe, Scalar, Type
from python_duel.protocol.server import Parameter, Signature

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
scalars = st.sampled_from([Scalar("int"), Scalar("float"), Scalar("bool"), Scalar("str")])


def _larger(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    plain = inner.filter(lambda it: not isinstance(it, Maybe))
    return st.one_of(inner.map(ListOf), inner.map(DictOf), plain.map(Maybe))


types: st.SearchStrategy[Type] = st.recursive(scalars, _larger, max_leaves=4)


def values(type_: Type, integers: st.SearchStrategy[int] = st.integers()) -> st.SearchStrategy[Any]:  # noqa: B008
    """Values of a type."""
    match type_:
        case ListOf(item):
            return st.lists(values(item, integers), max_size=4)
        case DictOf(item):
            return st.dictionaries(texts, values(item, integers), max_size=4)
        case Maybe(item):
            return st.none() | values(item, integers)
        case Scalar("int"):
            return integers
        case Scalar("float"):
            return st.floats(allow_nan=False, allow_infinity=False)
        case Scalar("bool"):
            return st.booleans()
    return texts


typed_values = types.flatmap(lambda type_: st.tuples(st.just(type_), values(type_)))
names = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True).filter(lambda name: name not in kwlist)


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    """Signatures that a challenge may have."""
    name, *parameters = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    return Signature(
        name=name,
        parameters=[Parameter(name=parameter, type=str(draw(types))) for parameter in parameters],
        returns=str(draw(types)),
    )
