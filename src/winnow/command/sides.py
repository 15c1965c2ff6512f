"""Read images at the size at which they will be looked at, where no size was typed.

A network of others enlarges what it is given to the size that it was trained on: photographs that had been
read at 64 pixels would be shown to it without what its features are made of. Only where all that looks at the
images has a size of its own: a network that takes them as they are would take many times as long.
"""

from collections.abc import Iterator
from dataclasses import replace

from winnow.command.plan import Plan
from winnow.stages import Embedding, Model


def read_for_its_stages(plan: Plan) -> Plan:
    """Return the plan with a data set of image files that is read for what looks at it."""
    side = _side_of(plan)
    if side is None or plan.sets("dataset", "largest"):
        return plan
    return replace(plan, stages=replace(plan.stages, dataset=plan.stages.dataset.seen_at(side)))


def _side_of(plan: Plan) -> int | None:
    """Return the largest side to which a plan's stages bring images; None if one takes them as they are."""
    sides = [stage.own_side for stage in _looking(plan)]
    return None if None in sides else max(sides)


def _looking(plan: Plan) -> Iterator[Embedding | Model]:
    """Yield the stages that are given images; the embedding always, for a baseline is read as the others."""
    yield plan.stages.embedding
    networks = [plan.stages.model, *plan.transfer.values()] if plan.trains else [plan.stages.model]
    if plan.trains or plan.stages.selector.trains_network:
        yield from (model for model in networks if not model.reads_embedding)
