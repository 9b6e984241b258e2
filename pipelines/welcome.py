"""What a person is told when the service is up: what it serves, and a line to try."""

from __future__ import annotations

import json

import pyarrow.parquet as pq

from pipelines.overrides import champion_note
from pipelines.settings import Home
from pipelines.terminal import Terminal
from serving.champion import read_champion
from serving.online import read_published


def announce(home: Home, port: int, terminal: Terminal) -> None:
    """Say what is served where, with a line to try."""
    published = read_published(home.online)
    champion = read_champion(home.root)
    terminal.say("serving", version=champion.version, as_of=published.as_of, port=port)
    champion_note(champion, terminal)
    terminal.write(curl_line(home, port))


def curl_line(home: Home, port: int) -> str:
    """Return a curl command that asks for one scorable customer with the highest churn risk known, or any."""
    customer = "..."
    scores = sorted(home.reports.glob("scores-*.parquet"))
    if scores:
        names = pq.read_schema(scores[-1]).names
        table = pq.read_table(
            scores[-1], columns=[name for name in ("customer_id", "churn_probability") if name in names]
        )
        if "churn_probability" in table.column_names:
            table = table.sort_by([("churn_probability", "descending")])
        customer = table["customer_id"][0].as_py()
    body = json.dumps({"customer_ids": [customer], "reasons": 5, "language": "zh"})
    return f"curl -s http://127.0.0.1:{port}/predict -H 'Content-Type: application/json' -d '{body}'"
