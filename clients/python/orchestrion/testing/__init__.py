"""A controller inside your own tests: real gRPC on a free port, answers that you write down, nothing to install.

    >>> from orchestrion import ArtifactRef, Plan, Task
    >>> from orchestrion.testing import FakeController
    >>>
    >>> def read_sign(client, path):  # The program that is tested.
    ...     answer = client.ask("Read the sign.", [path])
    ...     return answer.text, client.artifacts.read(answer.artifacts[0])
    >>>
    >>> def test_the_sign_is_read():
    ...     with FakeController() as fake, fake.client() as client:
    ...         speech = fake.add(b"RIFF...", file_name="speech.wav", media_type="audio/wav")
    ...         plan = Plan((Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),))
    ...         expected = fake.expect("Read the sign.", files=[b"picture"])
    ...         expected.answer("EXIT", plan=plan, results={"read": {"text": "EXIT"}}, artifacts=[speech])
    ...         expected.drop(after=3)  # The connection breaks after three events; the client goes on by itself.
    ...         assert read_sign(client, b"picture") == ("EXIT", b"RIFF...")
    >>> test_the_sign_is_read()

A run that asks for approval of its plan waits for `runs.approve` before the rest of its script happens; `approved` of
the expectation then holds the plan.

What was not expected fails: a run that no expectation fits is refused, and leaving the `with` block raises an
`AssertionError` that shows the request. So does an expectation that nothing met. Artifacts, runs and hosts behave as a
controller's do, in memory. Programs that make their own client find the fake by `ORCHESTRION_CONTROLLER=fake.address`.

As a fixture for pytest:

    @pytest.fixture
    def fake():
        with FakeController() as fake:
            yield fake
"""

from orchestrion.testing.controller import FakeController
from orchestrion.testing.expectations import Expectation, Received

__all__ = ["Expectation", "FakeController", "Received"]
