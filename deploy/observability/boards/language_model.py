"""What the language model costs, and whether it plans."""

from __future__ import annotations

from typing import Final

from deploy.observability.boards.selectors import C, tails
from deploy.observability.panels import Board, chart
from deploy.observability.promql import bare_rate, or_zero, quantile, rate

LANGUAGE_MODEL: Final = Board(
    "orchestrion-language-model",
    "Language model and planning",
    "What does the language model cost, and does it plan?",
    (
        chart("Calls", "By stage.", "reqps", (rate(f"{C}_llm_calls_total", "stage"), "{{stage}}"), stacked=True),
        chart(
            "Tokens",
            "By stage and direction.",
            "short",
            (rate(f"{C}_llm_tokens_total", "stage, direction"), "{{stage}} {{direction}}"),
        ),
        chart(
            "Planning time",
            "Of the stage plan, submitted plans among them.",
            "s",
            *tails(f"{C}_stage_seconds", 'stage="plan"'),
        ),
        chart("Answering time", "Of the stage respond.", "s", *tails(f"{C}_stage_seconds", 'stage="respond"')),
        chart(
            "Plans",
            "By outcome of the stage.",
            "reqps",
            (rate(f"{C}_stages_total", "outcome", 'stage="plan"'), "{{outcome}}"),
            stacked=True,
        ),
        chart(
            "Fallbacks",
            "Calls that another model was asked for instead.",
            "reqps",
            (rate(f"{C}_llm_fallbacks_total", "model, reason"), "{{model}} {{reason}}"),
        ),
        chart(
            "Call time",
            "Of a call, to the end of its reply; 95th percentile.",
            "s",
            (quantile(0.95, f"{C}_llm_call_seconds", "stage"), "{{stage}}"),
        ),
        chart(
            "Time to first token",
            "95th percentile.",
            "s",
            (quantile(0.95, f"{C}_llm_first_token_seconds", "stage"), "{{stage}}"),
        ),
        chart(
            "Calls failed",
            "By stage and outcome.",
            "reqps",
            (rate(f"{C}_llm_calls_total", "stage, outcome", 'outcome!="succeeded"'), "{{stage}} {{outcome}}"),
            stacked=True,
        ),
        chart(
            "Plans repaired",
            "Plans that were asked for again, and parts of requests that no plan does.",
            "reqps",
            (rate(f"{C}_plan_repairs_total"), "asked for again"),
            (rate(f"{C}_not_done_total"), "parts not done"),
        ),
        chart(
            "Chosen by rank instead",
            "Assignments by rank under the policy llm, by reason.",
            "reqps",
            (rate(f"{C}_selection_fallbacks_total", "reason"), "{{reason}}"),
            stacked=True,
        ),
        chart("Approvals", "By outcome.", "reqps", (rate(f"{C}_plan_approvals_total", "outcome"), "{{outcome}}")),
        chart(
            "Tokens a call",
            "Mean, by direction.",
            "short",
            (
                or_zero(
                    f"{bare_rate(f'{C}_llm_tokens_total', 'direction')} "
                    f"/ on () group_left () ({bare_rate(f'{C}_llm_calls_total')} > 0)"
                ),
                "{{direction}}",
            ),
        ),
    ),
)
