"""The base of every settings model."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A frozen model that refuses unknown keys; one per job, each default written once.

    Subclasses give every field its unit and range by ``Field(ge=..., description=...)``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
