"""Conformance toolset: which tools, prompts and addresses does the conformance suite look for?
Names are the suite's.
"""

import base64
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from domain.kernel.faults import Fault, Kind
from domain.vn import qr_image
from policies.gate.contract import Answer, Arguments, Call, tool
from tests.clients.conformance.words import (
    Blocks,
    Nothing,
    Questions,
    Said,
    Steps,
    Toolset,
    form,
    resource_block,
    roots,
    sampling,
    text_block,
)
from tools.prompts.script import Argument, Prompt
from tools.prompts.script import Said as Words
from tools.resources import Resource

log = logging.getLogger("cyberos")

TOOLS = Toolset()


def drawn(structured: Mapping[str, Any]) -> bytes:
    """A picture of the words, as the product draws its payment codes."""
    return qr_image.png(structured["words"])


def encoded(raw: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(raw).decode()


SOUND = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0\x80>\0\0\2\0\x10\0data\2\0\0\0\0\0"
IMAGE_BLOCK = {"type": "image", "data": encoded(drawn({"words": "x"})), "mimeType": "image/png"}
NAME = form("What is your name?", "name")
OK = form("Please confirm", "ok", "boolean")

# --- what the product shows: words, a picture, a fault, a line in its own log ---

TOOLS.answering("test.simple_text", "Say something.", Said(words="A simple text for testing."))
TOOLS.answering("test.image_content", "Draw something.", Said(words="A picture."))
TOOLS.add(replace(TOOLS.tools["cyberos.test.image_content"], picture=drawn))


@TOOLS.add
@tool("cyberos.test.error_handling", title="Fail", answer=Said)
async def error_handling(call: Call, arguments: Nothing) -> Said:
    """Fail, always."""
    raise Fault("TEST_REFUSED", Kind.CONFLICT, "This tool always refuses.", "call another one.")


@TOOLS.add
@tool("cyberos.test.logging_tool", title="Log", answer=Said)
async def logging_tool(call: Call, arguments: Nothing) -> Said:
    """Write into the log, which is the operator's and never the client's."""
    log.info("the test toolset writes a line")
    return Said(words="Written into the server's log.")


# --- content the product has no tool for ---

TOOLS.answering(
    "test.audio_content",
    "Play something.",
    Blocks(blocks=[{"type": "audio", "data": encoded(SOUND), "mimeType": "audio/wav"}]),
)
TOOLS.answering(
    "test.embedded_resource",
    "Embed a resource.",
    Blocks(blocks=[resource_block("test://embedded-resource", "text/plain", "Embedded.")]),
)
TOOLS.answering(
    "test.multiple_content_types",
    "Answer with a mixture.",
    Blocks(
        blocks=[
            text_block("A mixture:"),
            IMAGE_BLOCK,
            resource_block("test://mixed-content-resource", "application/json", '{"value":123}'),
        ]
    ),
)

TOOLS.answering("test.tool_with_progress", "Work step by step.", Steps(steps=2))

# --- questions to the client (multi round-trip requests, since 2026-07-28) ---

ASKING: Mapping[str, Questions] = {
    "elicitation": Questions(rounds=[{"user_name": NAME}], done="Hello."),
    "sampling": Questions(
        rounds=[{"capital_question": sampling("What is the capital of France?", 100)}],
        done="Thank you.",
    ),
    "list_roots": Questions(rounds=[{"client_roots": roots()}], done="Thank you."),
    "request_state": Questions(rounds=[{"confirm": OK}], done="state-ok", keeps_state=True),
    "tampered_state": Questions(rounds=[{"confirm": OK}], done="Confirmed.", keeps_state=True),
    "multiple_inputs": Questions(
        rounds=[
            {
                "user_name": NAME,
                "greeting": sampling("Generate a greeting", 50),
                "client_roots": roots(),
            }
        ],
        done="All answered.",
        keeps_state=True,
    ),
    "multi_round": Questions(
        rounds=[
            {"step1": form("Step 1: What is your name?", "name")},
            {"step2": form("Step 2: What is your favorite color?", "color")},
        ],
        done="Both answered.",
        keeps_state=True,
    ),
    "capabilities": Questions(
        rounds=[{"user_name": NAME, "question": sampling("Say hello", 20)}], done="Answered."
    ),
}
for name, questions in ASKING.items():
    TOOLS.answering(f"test.input_required_result_{name}", "Ask before answering.", questions)
TOOLS.answering("test.streaming_elicitation", "Ask before answering.", ASKING["elicitation"])
TOOLS.answering("test.missing_capability", "Ask the client's model.", ASKING["sampling"])


# --- what stands at addresses ---


class Id(Arguments):
    """Which one."""

    id: str


class Data(Answer):
    """What stands at an address with a variable."""

    id: str
    data: str


@TOOLS.add
@tool("cyberos.test.template", title="Read by id", answer=Data)
async def template(call: Call, arguments: Id) -> Data:
    """Say what belongs to an id."""
    return Data(id=arguments.id, data=f"Data for {arguments.id}")


TOOLS.answering("test.static_text", "Read a text.", Said(words="What stands there."))
TOOLS.answering(
    "test.static_binary",
    "Read bytes.",
    Blocks(blocks=[{"mimeType": "image/png", "blob": IMAGE_BLOCK["data"]}]),
)
RESOURCES = (
    Resource("test://static-text", "text", "test_static_text", "Text", "A text."),
    Resource("test://static-binary", "binary", "test_static_binary", "Bytes", "A picture."),
    Resource("test://watched-resource", "watched", "test_static_text", "Watched", "A text."),
    Resource("test://template/{id}/data", "template", "test_template", "Data", "Data of an id."),
)

# --- prompts ---


def _prompt(name: str, needs: str, *arguments: str) -> Prompt:
    words = " ".join(["Use this:", *(f"{{{one}}}" for one in arguments)])
    return Prompt(
        name=name,
        title=Words(name, name),
        about=Words("Để thử.", "For testing."),
        needs=(needs,),
        opening=Words(words, words),
        steps=(),
        closing=Words("Hết.", "That is all."),
        arguments=tuple(
            Argument(one, "account", Words("Để thử.", "For testing."), required=True)
            for one in arguments
        ),
    )


PROMPTS = (
    _prompt("test_simple_prompt", "test_simple_text"),
    _prompt("test_prompt_with_arguments", "test_simple_text", "arg1", "arg2"),
    _prompt("test_prompt_with_embedded_resource", "test_embedded_resource", "resourceUri"),
    _prompt("test_prompt_with_image", "test_image_content"),
    _prompt("test_input_required_result_prompt", "test_input_required_result_elicitation"),
)
PROMPT_QUESTIONS = Questions(
    rounds=[{"user_context": form("What context should the prompt use?", "context")}], done=""
)


# --- a schema with every keyword of JSON Schema 2020-12 that the suite looks for ---


class Contact(Arguments):
    """Arguments whose published schema says more than their types."""

    SCHEMA: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    }
    name: str = ""

    @classmethod
    def model_json_schema(cls, *args: Any, **more: Any) -> dict[str, Any]:
        """The schema as the suite wants to find it again."""
        return dict(cls.SCHEMA)


@TOOLS.add
@tool("cyberos.json_schema_2020_12_tool", title="Schema", answer=Said)
async def json_schema(call: Call, arguments: Contact) -> Said:
    """Publish a schema with composition, conditions and anchors."""
    return Said(words=arguments.name)
