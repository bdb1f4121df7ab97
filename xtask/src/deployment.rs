//! What other programs say of the files under `docker/`. None of them needs an engine.

use crate::services::compose_with_passwords;
use crate::steps::Steps;
use crate::workspace::command;
use crate::{process, virtualenv};

const COMPOSE: [&str; 2] = [
    "docker/docker-compose.yaml",
    "docker/docker-compose.observability.yaml",
];

/// Checks the Dockerfile, the Compose files and the alerts.
pub(crate) fn check(steps: &mut Steps) {
    if steps.check("prepare .venv", virtualenv::prepare) {
        steps.run(virtualenv::program("hadolint").arg("docker/Dockerfile"));
        let mut schema = virtualenv::program("check-jsonschema");
        schema.args(["--builtin-schema", "vendor.compose-spec"]);
        steps.run(schema.args(COMPOSE));
    }
    let mut config = compose_with_passwords();
    config.args(COMPOSE.map(|file| format!("--file={file}")));
    config.args(["--profile=jaeger", "--profile=alloy", "config", "--quiet"]);
    if process::succeeds(command("docker").args(["compose", "version"])) {
        steps.run(&mut config);
    } else {
        steps.leave_out(&process::line(&config), "Docker has no Compose plugin");
    }
    let mut rules = command("promtool");
    rules.args(["check", "rules", "docker/grafana/alerts.yaml"]);
    if process::succeeds(command("promtool").arg("--version")) {
        steps.run(&mut rules);
    } else {
        steps.leave_out(&process::line(&rules), "promtool is not installed");
    }
}
