"""Draw the brand images of ``custom_components/vfarm/brand`` from ``docs/images/*.svg``.

Usage: ``.venvs/e2e/bin/python scripts/draw_brand.py`` (the browser of the end-to-end tests draws).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
BRAND = ROOT / "custom_components" / "vfarm" / "brand"

# The frame and the word, light enough for Home Assistant's dark theme.
DARK = "#d7ece1"
ICON_PX = 256
LOGO_PX = (708, 256)


def page_of(*pictures: str, frame: str | None) -> str:
    """Return a page that shows the pictures side by side on nothing."""
    colour = f":root {{ --frame: {frame} }}" if frame else ""
    return (
        "<!doctype html><style>html, body { margin: 0; background: transparent }"
        f"body {{ position: relative; height: {ICON_PX}px }}"
        f"svg {{ position: absolute; inset: 0 auto auto 0; height: {ICON_PX}px }}{colour}</style>"
        + "".join(pictures)
    )


def draw(browser: Browser, page: str, file: str, width: int, height: int, scale: float) -> None:
    """Draw ``page`` into the brand folder; sizes in CSS pixels, times ``scale``."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale
    )
    tab = context.new_page()
    tab.set_content(page)
    tab.screenshot(path=BRAND / file, omit_background=True)
    context.close()


def main() -> None:
    """Draw icon and logo, light and dark, in both resolutions."""
    mark = (IMAGES / "mark.svg").read_text(encoding="utf-8")
    word = (IMAGES / "logo.svg").read_text(encoding="utf-8")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for prefix, frame in (("", None), ("dark_", DARK)):
            for suffix, scale in (("", 1.0), ("@2x", 2.0)):
                icon = page_of(mark, frame=frame)
                draw(browser, icon, f"{prefix}icon{suffix}.png", ICON_PX, ICON_PX, scale)
                logo = page_of(mark, word, frame=frame)
                draw(browser, logo, f"{prefix}logo{suffix}.png", *LOGO_PX, scale)
        browser.close()


if __name__ == "__main__":
    main()
