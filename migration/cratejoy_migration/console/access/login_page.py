"""The sign-in page: plain HTML of ours, since nothing of Streamlit is served to strangers. Pure."""

from __future__ import annotations

import re
from html import escape

from cratejoy_migration.console.access import headers
from cratejoy_migration.console.access.shell import ICON, PRODUCT

_PLACE = re.compile(r"/[a-z0-9-]*(\?[a-z]+=[0-9]{1,18})?")
"""A page of the console, with the number of a run."""
_STYLE = """
:root { color-scheme: light dark; --back: #f6f7f7; --card: #fff; --text: #1f2a2a; --soft: #5b6868; --line: #cfd7d7;
  --main: #0f766e; --main-text: #fff; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --back: #111718; --card: #182021; --text: #e6ecec; --soft: #9fadad;
  --line: #354243; --main: #0d9488; --bad: #fda29b; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--back);
  color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 23rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; font-weight: 600; letter-spacing: -.01em; }
p { margin: 0 0 1.5rem; color: var(--soft); }
p[role] { margin: 0 0 1rem; color: var(--bad); }
p.calm { color: var(--soft); }
label { display: block; margin-bottom: .35rem; font-weight: 500; }
input, button, a.button { width: 100%; padding: .65rem .8rem; font: inherit; border-radius: 8px; }
input { margin-bottom: 1rem; color: inherit; background: var(--back); border: 1px solid var(--line); }
button, a.button { display: block; text-align: center; text-decoration: none; font-weight: 600; cursor: pointer;
  color: var(--main-text); background: var(--main); border: 0; }
form + a.button { margin-top: .75rem; color: var(--text); background: none; border: 1px solid var(--line); }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
"""
_SCRIPT = """
const look = () => document.hidden || fetch('/session', {cache: 'no-store'}).then(
  (answer) => answer.status === 204 && location.replace(document.body.dataset.next), () => 0);
document.addEventListener('visibilitychange', look);
look();
"""
"""Leaves the page when somebody has signed in in another tab, or came by a link from elsewhere."""
POLICY = headers.plain_policy(_STYLE, _SCRIPT)


def wanted(place: str | None) -> str:
    """Return where somebody wanted to go: a page of the console and nothing else."""
    if not place or place.partition("?")[0] == "/login":
        return "/"
    if _PLACE.fullmatch(place):
        return place
    page = place.partition("?")[0]
    return page if _PLACE.fullmatch(page) else "/"


def page(path: str, message: str = "", *, calm: bool = False, password: bool = True, account: bool = False) -> str:
    """Return the page.

    Args:
        path: Where to go afterwards.
        message: One sentence above the form.
        calm: The sentence is no complaint.
        password: There is a password to sign in with.
        account: There is an identity provider to sign in with.
    """
    kind = 'class="calm" role="status"' if calm else 'role="alert"'
    said = f"<p {kind}>{escape(message)}</p>" if message else ""
    form = (
        '<form method="post" action="/login">'
        f'<input type="hidden" name="next" value="{escape(path)}">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>'
        '<button type="submit">Sign in</button></form>'
    )
    link = '<a class="button" href="/login/account">Sign in with your account</a>'
    body = (
        f"<h1>{PRODUCT}</h1><p>Carry a store over, and prove that it arrived.</p>"
        f"{said}{form if password else ''}{link if account else ''}"
    )
    return _document(f"<main>{body}</main><script>{_SCRIPT}</script>", f' data-next="{escape(path)}"')


def onward(path: str) -> str:
    """Return a page that goes on by itself: a step of the console's own, so that its cookie comes along."""
    return _document(
        f'<main><p class="calm">Signed in. <a href="{escape(path)}">Go on</a></p></main>',
        head=f'<meta http-equiv="refresh" content="0;url={escape(path)}">',
    )


def _document(body: str, attributes: str = "", head: str = "") -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{head}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{PRODUCT}: sign in</title><link rel="icon" href="{ICON}"><style>{_STYLE}</style></head>'
        f"<body{attributes}>{body}</body></html>"
    )
