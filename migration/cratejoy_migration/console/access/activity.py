"""Which messages of a browser come from a person, and which it sends by itself. Pure."""

from __future__ import annotations

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from streamlit.proto.BackMsg_pb2 import BackMsg

_BY_HAND = frozenset({"rerun_script", "stop_script", "clear_cache"})


def by_a_person(message: bytes) -> bool:
    """Return whether somebody clicked or typed; fragments that refresh themselves and heartbeats are nobody's doing."""
    parsed = BackMsg()
    try:
        parsed.ParseFromString(message)
    except DecodeError:
        return False
    kind = parsed.WhichOneof("type")
    return kind in _BY_HAND and not (kind == "rerun_script" and parsed.rerun_script.is_auto_rerun)
