"""How compiled functions see a world's columns: one pointer to a table of addresses.

Passing some thirty arrays to every small function would cost more than the work it does (each array travels as seven
values, and is reference counted). So `Columns` has a Numba type of its own: a pointer to an int64 table of (address,
three lengths) for each column; `w.awareness` in compiled code builds the array from its row. Plain Python reads the
same attribute from the object. Element types and dimensions are fixed by `LAYOUT`, lengths are not part of the type.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.arrayobj import make_array
from numba.np.numpy_support import from_dtype

from agorasim.behaviour.columns import LAYOUT, Columns

_ROW: Final = 4
_POINTER: Final = ir.IntType(64).as_pointer()


class ColumnsType(types.Type):
    """The Numba type of `Columns`."""

    def __init__(self) -> None:
        super().__init__(name="agorasim.Columns")


COLUMNS: Final = ColumnsType()
_ARRAYS: Final[dict[str, types.Array]] = {
    name: types.Array(from_dtype(np.dtype(dtype)), ndim, "C") for name, (dtype, ndim) in LAYOUT.items()
}
_POSITION: Final = {name: k for k, name in enumerate(LAYOUT)}


# Found without asking Python, which would take longer than many a kernel.
setattr(Columns, "_numba_type_", COLUMNS)  # noqa: B010  (the class does not declare it)


@typeof_impl.register(Columns)
def _typeof(value: Any, context: Any) -> ColumnsType:
    return COLUMNS


@register_model(ColumnsType)
class _Model(models.PrimitiveModel):
    """A pointer to the table of addresses."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _POINTER)


@unbox(ColumnsType)
def _unbox(kind: Any, obj: Any, c: Any) -> NativeValue:
    number = c.pyapi.object_getattr_string(obj, "address")
    address = c.pyapi.number_as_ssize_t(number)
    c.pyapi.decref(number)
    return NativeValue(
        c.builder.inttoptr(address, _POINTER), is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred())
    )


@infer_getattr
class _Attributes(AttributeTemplate):
    key = ColumnsType

    def generic_resolve(self, kind: Any, attribute: str) -> Any:
        return _ARRAYS.get(attribute)


def _lower(name: str, kind: types.Array) -> None:
    @lower_getattr(ColumnsType, name)
    def get(context: Any, builder: Any, _type: Any, pointer: Any) -> Any:
        word = context.get_constant
        base = _ROW * _POSITION[name]

        def entry(k: int) -> Any:
            return builder.load(builder.gep(pointer, [word(types.intp, base + k)]))

        array = make_array(kind)(context, builder)
        item = context.get_abi_sizeof(context.get_data_type(kind.dtype))
        lengths = [entry(1 + d) for d in range(kind.ndim)]
        strides = [word(types.intp, item)]
        for length in reversed(lengths[1:]):
            strides.insert(0, builder.mul(length, strides[0]))
        total = word(types.intp, 1)
        for length in lengths:
            total = builder.mul(total, length)
        array.data = builder.inttoptr(entry(0), array.data.type)
        array.shape = cgutils.pack_array(builder, lengths)
        array.strides = cgutils.pack_array(builder, strides)
        array.itemsize = word(types.intp, item)
        array.nitems = total
        return impl_ret_borrowed(context, builder, kind, array._getvalue())


for _name, _kind in _ARRAYS.items():
    _lower(_name, _kind)
