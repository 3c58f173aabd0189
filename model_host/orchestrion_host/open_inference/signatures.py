"""What tensors stand for the inputs and outputs of a task type. Pure."""

from __future__ import annotations

from collections.abc import Collection

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_host.tensor_signatures import TensorSignature, TensorSpec
from orchestrion_host.tensors import BYTES

_DATATYPES = {ParameterKind.NUMBER: "FP64", ParameterKind.BOOLEAN: "BOOL"}


def of_task_type(task_type: TaskType, *, optional: Collection[str] = ()) -> TensorSignature:
    """Returns the tensors of a task type: one for each input and output, of the same name, of one element each.

    Texts are BYTES in UTF-8, structured data BYTES of JSON, files BYTES of their content, numbers FP64, truth values
    BOOL. What is a list has as many elements as there are items.

    Args:
        task_type: The task type.
        optional: Inputs that may be left out, although the task type requires them.
    """
    return TensorSignature(
        tuple(_spec(own, optional=own.optional or own.name in optional) for own in task_type.inputs),
        tuple(_spec(own, optional=own.optional) for own in task_type.outputs),
    )


def datatype_of(parameter: Parameter) -> str:
    """Returns the kind of the elements of a parameter's tensor."""
    return _DATATYPES.get(parameter.kind, BYTES)


def _spec(parameter: Parameter, *, optional: bool) -> TensorSpec:
    return TensorSpec(parameter.name, datatype_of(parameter), (-1,) if parameter.repeated else (1,), optional=optional)
