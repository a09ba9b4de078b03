"""A branding: another colour and a notice in December. What it may answer is documented in
`wit/branding/v1` of Vestibule. A class is an interface, its methods are the interface's functions; the
modules of `wit_world` are made when the plugin is built.
"""

from wit_world.exports import looks
from wit_world.imports import settings
from wit_world.imports.types import Kv


class Looks:
    def resolve(self, context: looks.Context) -> looks.Overrides:
        # The day is in the context, such as `2026-12-24`.
        december = context.date.split("-")[1] == "12"
        return looks.Overrides(
            tokens=[Kv("light.accent", settings.get("accent").value)] if december else [],
            logo=None,
            wording=[],
            header=None,
            footer=looks.Block_Text(settings.get("notice").value) if december else None,
            # For an hour; it is asked anew when the day changes.
            lifetime=60 * 60,
            extra=[],
        )
