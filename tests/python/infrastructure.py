"""Reads infrastructure as code as its tools do, and prints it as JSON.

    infrastructure.py FILE...

`.tf` is Terraform's language. In YAML of CloudFormation `!Ref x` is `{"Ref": "x"}`, other tags likewise by their names.
"""

import json
import sys

import hcl2
import yaml


class Loader(yaml.SafeLoader):
    """Knows CloudFormation's tags."""


def tagged(loader, name, node):
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", tagged)


def plain(value):
    """Without the quotes and marks that the reader of Terraform's language leaves in."""
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.strip('"') if isinstance(value, str) else value


def read(path):
    with open(path) as file:
        return plain(hcl2.load(file)) if path.endswith(".tf") else yaml.load(file, Loader)


json.dump([read(path) for path in sys.argv[1:]], sys.stdout)
