"""The OpenAPI 3.1 description: what APIFlask collects, with our errors, keys and bodies put right."""

from __future__ import annotations

import re
from typing import Any

from apiflask import APIFlask

from app.api.problems import MEDIA_TYPE
from app.api.schemas import Problem
from app.api.schemas_export import CloudExportOut
from app.api.schemas_file import FileIn
from workers.renderers.base import FORMATS

WORDS = """Turns a document into a file and delivers it: rendered once, delivered to many places, now or on a schedule,
never lost, never twice, and with proof that it arrived.

Send an API key with every request: `Authorization: Bearer lsk_...` or `X-API-Key: lsk_...`. Every error is
`application/problem+json`. An `Idempotency-Key` is remembered for 24 hours.
"""
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a JWT where the operator allows it."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
WAYS_TO_SEND = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                "name": {"type": "string"},
                "kind": {"type": "string"},
            },
        }
    },
    "text/markdown": {"schema": {"type": "string"}},
    "image/svg+xml": {"schema": {"type": "string"}},
    "image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}},
}
UPLOADS = {("/api/files", "post"), ("/api/files/{file_id}", "put")}
HEADERS = {
    "Idempotency-Key": "The same key with the same body makes one export, however often it is sent.",
    "Prefer": "`wait=N`: hold the answer until the export has ended, for up to N seconds (at most 60).",
}
OTHER_ANSWERS = {
    ("/api/export", "200"): "ExportOut",
    ("/api/export/batch", "200"): "BatchOut",
    ("/api/export/cloud", "200"): "CloudExportOut",
    ("/readyz", "503"): "Ready",
}
"""Answers of a call beside its usual one that are no problem, by path and status."""
ARTIFACTS = {("/api/export", "200"), ("/api/export/{export_id}/download", "200")}
"""Answers that may be an artifact of any format."""
WITH_HEADERS = {"/api/export", "/api/export/batch", "/api/export/cloud"}

Spec = dict[str, Any]


def install(app: APIFlask) -> None:
    """Describe this application."""
    app.config.update(
        DESCRIPTION=WORDS,
        SECURITY_SCHEMES=SCHEMES,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_SERVERS=False,
    )

    @app.spec_processor
    def complete(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
        if isinstance(spec, str):
            return spec
        schemas = spec.setdefault("components", {}).setdefault("schemas", {})
        for model in (Problem, FileIn, CloudExportOut):
            _register(schemas, model)
        for schema in [*schemas.values()]:
            _lift(schemas, schema)
        names = _names(app)
        for path, operations in spec["paths"].items():
            for method, operation in operations.items():
                operation["operationId"] = names[path, method]
                _complete(path, method, operation)
        used = {tag for path in spec["paths"].values() for operation in path.values() for tag in operation["tags"]}
        spec["tags"] = [{"name": name} for name in sorted(used)]
        return spec


def _names(app: APIFlask) -> dict[tuple[str, str], str]:
    """The name of each operation, by path and method: that of its function."""
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower()): rule.endpoint.rpartition(".")[2]
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }


def _complete(path: str, method: str, operation: Spec) -> None:
    _answers(path, operation["responses"])
    if path.startswith("/api/"):
        operation.setdefault("security", [{name: []} for name in SCHEMES])
    if (path, method) in UPLOADS:
        ref = {"schema": {"$ref": "#/components/schemas/FileIn"}}
        operation["requestBody"] = {"required": True, "content": {"application/json": ref} | WAYS_TO_SEND}
        operation["parameters"] += [
            {"in": "query", "name": name, "schema": {"type": "string"}, "description": "Of a document sent raw."}
            for name in ("name", "kind")
        ]
    elif "requestBody" in operation:
        operation["requestBody"]["required"] = True
    if path in WITH_HEADERS and method == "post":
        operation["parameters"] += [
            {"in": "header", "name": name, "schema": {"type": "string"}, "description": words}
            for name, words in HEADERS.items()
        ]
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "format": "uuid"}


def _answers(path: str, responses: Spec) -> None:
    responses.setdefault("default", {"description": "What went wrong, and what to do about it"})
    for status, response in responses.items():
        answer = OTHER_ANSWERS.get((path, status))
        if answer:
            response["content"] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}}
        if (path, status) in ARTIFACTS:
            response["content"] = _artifacts() | response.get("content", {})
        elif not answer and (status == "default" or int(status) >= 400):  # noqa: PLR2004 - where errors begin
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _artifacts() -> Spec:
    """The bytes of each format, by media type."""
    types = {one.media_type.partition(";")[0] for one in FORMATS.values()}
    return {one: {"schema": {"type": "string", "contentMediaType": one}} for one in sorted(types)}


def _register(schemas: Spec, model: Any) -> None:
    name = model.__name__
    schemas[name] = model.model_json_schema(ref_template=f"#/components/schemas/{name}.{{model}}")


def _lift(schemas: Spec, schema: Spec) -> None:
    """Nested models stand beside their parents, where the references look for them."""
    title = schema.get("title", "")
    for name, nested in schema.pop("$defs", {}).items():
        schemas.setdefault(f"{title}.{name}", nested)
