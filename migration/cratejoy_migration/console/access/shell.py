"""The page that carries Streamlit's program into the browser, with what makes it notice that its session has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit

PRODUCT = "Cratejoy to Shopify"
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' "
    "rx='4' fill='%230f766e'/%3E%3Cpath d='M3.5 8h8M8.5 5l3 3-3 3' fill='none' stroke='white' stroke-width='1.6' "
    "stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"
)
WATCH = """
(() => {
  let again = 0;
  const look = async () => {
    clearTimeout(again);
    const answer = await fetch('/session', {cache: 'no-store'}).catch(() => null);
    if (!answer) {
      again = setTimeout(look, 1000);
    } else if (answer.status === 401) {
      location.replace('/login?ended=1&next=' + encodeURIComponent(location.pathname));
    }
  };
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...words) {
      super(...words);
      this.addEventListener('close', look);
    }
  };
  document.addEventListener('visibilitychange', () => document.hidden || look());
  setInterval(look, 30000);
})();
"""
"""Asks whether the session lives when Streamlit's connection closes, when the tab is looked at, and now and then.

While the console does not answer at all it asks every second: after a restart everybody has to sign in again."""
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@dataclass(frozen=True)
class Shell:
    """The prepared page, and the inline scripts that its policy must allow."""

    html: str
    scripts: tuple[str, ...]


def shell() -> Shell:
    """Return Streamlit's page under the product's name, with the watch before all its own scripts."""
    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    html = html.replace("<title>Streamlit</title>", f"<title>{PRODUCT}</title>", 1)
    html = html.replace("./favicon.png", ICON, 1)
    html = re.sub(r'<link rel="service-desc"[^>]*>', "", html)  # names an interface that is off
    html = html.replace("<head>", f"<head><script>{WATCH}</script>", 1)
    return Shell(html, tuple(_INLINE_SCRIPT.findall(html)))
