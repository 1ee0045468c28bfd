"""Prints every message and enum of the published descriptors of envoy.service.auth.v3 as JSON."""

import json

from envoy.service.auth.v3 import external_auth_pb2
from google.protobuf.descriptor import FieldDescriptor

TYPES = {
    value: name for name, value in vars(FieldDescriptor).items() if name.startswith("TYPE_") and isinstance(value, int)
}
found = {}


def kind(field):
    kind = field.message_type or field.enum_type
    if not kind:
        return ""
    if field.message_type and kind.GetOptions().map_entry:
        return "map " + " ".join(TYPES[entry.type] for entry in kind.fields)
    return kind.name


def visit_enum(enum):
    found[enum.full_name] = {value.name: str(value.number) for value in enum.values}


def visit(message):
    if message.full_name in found:
        return
    fields = found[message.full_name] = {}
    for field in message.fields:
        label = "LABEL_REPEATED" if field.is_repeated else "LABEL_OPTIONAL"
        fields[field.name] = f"{field.number} {TYPES[field.type]} {label} {kind(field)}".strip()
        if field.message_type:
            visit(field.message_type)
        if field.enum_type:
            visit_enum(field.enum_type)


visit(external_auth_pb2.CheckRequest.DESCRIPTOR)
visit(external_auth_pb2.CheckResponse.DESCRIPTOR)
print(json.dumps(found))
