"""Plans, edits the plan, has it checked, and carries it out: python edit_plan.py REQUEST [FILE…]."""

import sys

from orchestrion import Client, InvalidArgumentError, OrchestrionError

request, *files = sys.argv[1:]
try:
    with Client() as client:
        plan = client.make_plan(request, files)
        for task in plan.tasks:
            print("planned ", task.id, dict(task.inputs))
            if task.type == "text-to-speech":
                plan = plan.with_inputs(task.id, speed=0.8)  # A copy: plans never change.
        try:
            for choice in client.check_plan(plan):  # Nothing runs yet.
                print("would go", choice.task_id, "to", choice.expert_id, "on", choice.host)
        except InvalidArgumentError as error:
            sys.exit(f"Error: task {error.metadata.get('task_id')}, {error.field}: {error.message}")
        answer = client.ask(request, files, plan=plan)
        print(answer.text)
except OrchestrionError as error:
    sys.exit(f"Error: {error.message}")
