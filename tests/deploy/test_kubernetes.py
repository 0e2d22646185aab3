"""The overlays as they would be applied: rendered by kustomize, judged by Kubernetes' own schemas,
and held against each other and the program."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
import yaml
from pydantic import ByteSize, TypeAdapter
from tests.deploy.files import DEPLOY, PINNED, image_settings, read, settings_of

VERSIONS = ("1.30", "1.34")
OVERLAYS = ("embedded", "scaled")
SECRETS = {"steelyard", "steelyard-tls", "steelyard-collector-tls"}  # made by who installs it
WAREHOUSE = "clickhouse://steelyard:x@clickhouse.db:8443/steelyard?secure=true"

Thing = dict[str, Any]


@cache
def rendered(overlay: str) -> tuple[Thing, ...]:
    """What `kubectl apply -k` would send."""
    folder = DEPLOY / "kubernetes" / "overlays" / overlay
    for line in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(line[0]):
            done = subprocess.run([*line, folder], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            return tuple(yaml.safe_load_all(done.stdout))
    pytest.skip("neither kubectl nor kustomize is here to render the overlays")


def of_kind(overlay: str, *kinds: str) -> list[Thing]:
    return [thing for thing in rendered(overlay) if thing["kind"] in kinds]


def pods(overlay: str) -> Iterator[tuple[str, Thing]]:
    """Templates of pods with their names."""
    for thing in of_kind(overlay, "StatefulSet", "Deployment"):
        yield thing["metadata"]["name"], thing["spec"]["template"]
    for thing in of_kind(overlay, "CronJob"):
        yield thing["metadata"]["name"], thing["spec"]["jobTemplate"]["spec"]["template"]


def containers(template: Thing) -> list[Thing]:
    return [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]


def found(selector: Thing, overlay: str) -> list[str]:
    """Names of what a selector selects."""
    return [
        name
        for name, template in pods(overlay)
        if selector.items() <= template["metadata"]["labels"].items()
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_is_what_kubernetes_takes(overlay: str, version: str) -> None:
    for thing in rendered(overlay):
        kubernetes_validate.validate(thing, version, strict=True)
        assert thing["metadata"]["namespace"] == "steelyard"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_run_as_nobody_in_particular_and_ask_the_cluster_for_nothing(overlay: str) -> None:
    for name, template in pods(overlay):
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in containers(template):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"memory"} <= container["resources"]["limits"].keys()
            assert PINNED.fullmatch(container["image"]), name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_that_is_mounted_or_read_is_there(overlay: str) -> None:
    maps = {thing["metadata"]["name"] for thing in of_kind(overlay, "ConfigMap")}
    claims = {thing["metadata"]["name"] for thing in of_kind(overlay, "PersistentVolumeClaim")}
    own: dict[str, set[str]] = {}
    for each in of_kind(overlay, "StatefulSet"):
        name = each["metadata"]["name"]
        own[name] = {claim["metadata"]["name"] for claim in each["spec"]["volumeClaimTemplates"]}
        claims |= {f"{claim}-{name}-0" for claim in own[name]}
    for name, template in pods(overlay):
        volumes = {each["name"]: each for each in template["spec"].get("volumes", ())}
        known = volumes.keys() | own.get(name, set())
        for container in containers(template):
            assert {m["name"] for m in container["volumeMounts"]} <= known, name
            for source in container.get("envFrom", ()):
                assert source["configMapRef"]["name"] in maps
            for variable in container.get("env", ()):
                if "valueFrom" in variable:
                    assert variable["valueFrom"]["secretKeyRef"]["name"] in SECRETS
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps
            if "secret" in volume:
                assert volume["secret"]["secretName"] in SECRETS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_reach_pods_that_listen_and_nothing_selects_a_backup(overlay: str) -> None:
    by_name = dict(pods(overlay))
    for service in of_kind(overlay, "Service"):
        [target] = found(service["spec"]["selector"], overlay)
        named = {
            port["name"]
            for container in by_name[target]["spec"]["containers"]
            for port in container.get("ports", ())
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named
    names = {service["metadata"]["name"]: service for service in of_kind(overlay, "Service")}
    [ingress] = of_kind(overlay, "Ingress")
    [rule] = ingress["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    ports = names[backend["name"]]["spec"]["ports"]
    assert backend["port"]["name"] in {port["name"] for port in ports}
    [policy] = of_kind(overlay, "NetworkPolicy")
    selected = found(policy["spec"]["podSelector"]["matchLabels"], overlay)
    assert "steelyard-backup" in selected and "steelyard-collector" not in selected
    for each in of_kind(overlay, "StatefulSet", "Deployment"):
        assert found(each["spec"]["selector"]["matchLabels"], overlay) == [each["metadata"]["name"]]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_settings_are_ones_the_program_takes(overlay: str) -> None:
    maps = {thing["metadata"]["name"]: thing["data"] for thing in of_kind(overlay, "ConfigMap")}
    roles = []
    for _, template in pods(overlay):
        for container in containers(template):
            if not container["image"].startswith("registry.example.com/steelyard"):
                continue
            said = image_settings()
            for source in container.get("envFrom", ()):
                said |= maps[source["configMapRef"]["name"]]
            for variable in container.get("env", ()):
                said[variable["name"]] = variable.get("value", WAREHOUSE)
            settings = settings_of(said, container.get("args", []))
            if container.get("args", [""])[0] == "serve":
                roles.append(settings.role)
                assert settings.state.startswith("postgresql:") == (overlay == "scaled")
            ports = {port["containerPort"] for port in container.get("ports", ())}
            addresses = (settings.web, settings.otlp_http, settings.otlp_grpc)
            assert ports <= {int(text.rpartition(":")[2]) for text in addresses if text}
    assert sorted(roles) == (["all"] if overlay == "embedded" else ["receiver", "web", "worker"])


def test_receivers_are_many_and_have_a_volume_each_that_their_inbox_fits_into() -> None:
    [node] = [
        t for t in of_kind("scaled", "StatefulSet") if t["metadata"]["name"] == "steelyard-receiver"
    ]
    assert node["spec"]["replicas"] > 1
    [claim] = node["spec"]["volumeClaimTemplates"]
    [mount] = [
        m
        for m in node["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
        if m["name"] == claim["metadata"]["name"]
    ]
    assert mount["mountPath"] == "/data"
    [said] = [t["data"] for t in of_kind("scaled", "ConfigMap") if "STEELYARD_STATE" in t["data"]]
    asked = claim["spec"]["resources"]["requests"]["storage"]
    room = TypeAdapter(ByteSize).validate_python(f"{asked}B")
    assert settings_of(image_settings() | said, []).inbox_max_bytes < room


def test_one_node_keeps_the_databases(  # two would each have half of the figures
) -> None:
    for overlay in OVERLAYS:
        node = next(
            t for t in of_kind(overlay, "StatefulSet") if t["metadata"]["name"] == "steelyard"
        )
        assert node["spec"]["replicas"] == 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_backup_runs_where_the_server_does_and_writes_where_it_can(overlay: str) -> None:
    templates = dict(pods(overlay))
    backup, node = templates["steelyard-backup"], templates["steelyard"]
    [term] = backup["spec"]["affinity"]["podAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert found(term["labelSelector"]["matchLabels"], overlay) == ["steelyard"]
    keeper = next(c for c in node["spec"]["containers"] if c["name"] in ("steelyard", "worker"))
    for container in (keeper, backup["spec"]["containers"][0]):
        places = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert {"/data", "/backup"} <= places


def test_the_collector_asks_for_what_the_pod_gives() -> None:
    said = read("kubernetes/components/collector/config.yaml")
    template = dict(pods("embedded"))["steelyard-collector"]
    [container] = template["spec"]["containers"]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    files = [said["extensions"]["file_storage"]["directory"]]
    files += [
        said["extensions"][name]["filename"] for name in said["extensions"] if "bearer" in name
    ]
    assert all(any(file.startswith(place) for place in mounts) for file in files)
    [projected] = [v["projected"] for v in template["spec"]["volumes"] if "projected" in v]
    paths = {item["path"] for s in projected["sources"] for item in s["secret"]["items"]}
    tls = said["receivers"]["otlp"]["protocols"]["http"]["tls"]
    assert {path.rpartition("/")[2] for path in (*tls.values(), *files[1:])} == paths
    [endpoint] = [e["value"] for e in container["env"] if e["name"] == "STEELYARD_ENDPOINT"]
    services = {s["metadata"]["name"]: s for s in of_kind("embedded", "Service")}
    host, _, port = endpoint.removeprefix("http://").partition(":")
    assert int(port) in {p["port"] for p in services[host]["spec"]["ports"]}
