"""Where the gateway lives and what it may use; read once by a face and passed to ``wiring.build``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_PACK = Path(__file__).parents[2] / "policies" / "baseline"


class Settings(BaseSettings):
    """Settings from arguments or ``GATEWAY_*`` variables. No secret stands here: the KEK is a 0400 file."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    home: Path = Path("gateway-home")
    policies: Path = _PACK
    kek_file: Path | None = None
    four_eyes: bool = True  # a second person for whatever opens something
    audit_witnesses: Path | None = None  # a tlog-policy file: its witnesses are asked to cosign each checkpoint
    audit_retention_days: int = Field(default=730, ge=1)
    max_upload_bytes: int = Field(default=512 * 1024 * 1024, gt=0)

    @property
    def kek(self) -> Path:
        """The key-encryption key's file; in the home folder unless configured elsewhere."""
        return self.kek_file or self.home / "kek"
