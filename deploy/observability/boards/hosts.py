"""Where the memory of hosts went, and what runs out first."""

from __future__ import annotations

from typing import Final

from deploy.observability.boards.selectors import HOST, C, H
from deploy.observability.panels import Board, chart
from deploy.observability.promql import quantile, rate, total

HOSTS: Final = Board(
    "orchestrion-hosts",
    "Hosts and memory",
    "Where did the memory go, and what runs out first?",
    (
        chart(
            "Memory used",
            "Share of what experts may take.",
            "percentunit",
            (f"{H}_memory_used_bytes{{{HOST}}} / {H}_memory_total_bytes{{{HOST}}}", "{{host}} {{device}}"),
        ),
        chart(
            "Memory by expert",
            "Measured at load.",
            "bytes",
            (total(f"{H}_expert_memory_bytes", "host, expert", HOST), "{{expert}} on {{host}}"),
            stacked=True,
        ),
        chart(
            "Memory as the controller sees it",
            "Of listed hosts.",
            "bytes",
            (total(f"{C}_host_memory_bytes", "host, what"), "{{host}} {{what}}"),
        ),
        chart(
            "Workers' own memory",
            "What a worker takes without its experts.",
            "bytes",
            (total(f"{H}_worker_memory_bytes", "host, worker", HOST), "{{worker}} on {{host}}"),
            stacked=True,
        ),
        chart("Workers", "Worker processes.", "short", (total(f"{H}_workers", "host", HOST), "{{host}}")),
        chart(
            "Worker restarts",
            "Workers that ended unexpectedly.",
            "reqps",
            (rate(f"{H}_worker_restarts_total", "host, worker", HOST), "{{worker}} on {{host}}"),
        ),
        chart(
            "Evictions",
            "Experts that gave way.",
            "reqps",
            (rate(f"{H}_evictions_total", "host, expert", HOST), "{{expert}} on {{host}}"),
        ),
        chart(
            "Reservations",
            "Claims on loaded experts.",
            "short",
            (total(f"{H}_reservations", "host, strength", HOST), "{{host}} {{strength}}"),
        ),
        chart(
            "Artifacts kept", "In the cache of each host.", "bytes", (f"{H}_artifact_cache_bytes{{{HOST}}}", "{{host}}")
        ),
        chart(
            "Artifacts moved",
            "By direction.",
            "Bps",
            (rate(f"{H}_artifact_bytes_total", "direction", HOST), "host {{direction}}"),
            (rate(f"{C}_artifact_bytes_total", "direction"), "controller {{direction}}"),
        ),
        chart(
            "Artifacts fetched",
            "From the cache or from the store.",
            "reqps",
            (rate(f"{H}_artifact_fetches_total", "source", HOST), "{{source}}"),
        ),
        chart(
            "Listed",
            "1 while a controller lists the host.",
            "short",
            (f"{H}_advertise_connected{{{HOST}}}", "{{host}}"),
        ),
        chart(
            "Memory reserved",
            "Taken by, or promised to, experts that must not give way.",
            "bytes",
            (f"{H}_memory_reserved_bytes{{{HOST}}}", "{{host}} {{device}}"),
        ),
        chart(
            "Waiting for room",
            "Calls and reservations.",
            "short",
            (total(f"{H}_room_waiting", "host", HOST), "{{host}}"),
        ),
        chart(
            "Experts by state",
            "Of all catalogues.",
            "short",
            (total(f"{H}_experts", "state", HOST), "{{state}}"),
            stacked=True,
        ),
        chart(
            "Wait of a load",
            "For room on a device, 95th percentile.",
            "s",
            (quantile(0.95, f"{H}_room_wait_seconds", "host", HOST), "{{host}}"),
        ),
        chart(
            "Devices in use",
            "Share of time (NVML).",
            "percentunit",
            (f"{H}_device_utilization_ratio{{{HOST}}}", "{{host}} {{device}}"),
            needs_nvml=True,
        ),
        chart(
            "Temperature",
            "Of devices (NVML).",
            "celsius",
            (f"{H}_device_temperature_celsius{{{HOST}}}", "{{host}} {{device}}"),
            needs_nvml=True,
        ),
        chart(
            "Power",
            "Of devices, and what they may draw (NVML).",
            "watt",
            (f"{H}_device_power_watts{{{HOST}}}", "{{host}} {{device}}"),
            (f"{H}_device_power_limit_watts{{{HOST}}}", "{{host}} {{device}} limit"),
            needs_nvml=True,
        ),
        chart(
            "Device memory, all programs",
            "Used (NVML).",
            "bytes",
            (f"{H}_device_memory_used_bytes{{{HOST}}}", "{{host}} {{device}}"),
            needs_nvml=True,
        ),
    ),
    ("host",),
)
