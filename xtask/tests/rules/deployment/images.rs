//! The images: our own, and those of others.

use super::{OBSERVABILITY, SITE, services};
use crate::{assert_none, read};

const DOCKERFILE: &str = "docker/Dockerfile";

#[test]
fn images_are_pinned_to_a_version() {
    let dockerfile = read(DOCKERFILE);
    let from = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "));
    let mut images: Vec<_> = from
        .map(|from| from.split(' ').next().unwrap().to_owned())
        .collect();
    for (_, service) in [SITE, OBSERVABILITY].map(services).into_iter().flatten() {
        images.push(service["image"].as_str().unwrap().to_owned());
    }
    assert!(images.len() > 8, "{images:?}");
    assert_none(
        images.iter().filter(|image| !is_pinned(image)),
        "name the whole version, so that an image is the same tomorrow:",
    );
}

/// Says whether the tag has a version of three numbers, or a date.
fn is_pinned(image: &str) -> bool {
    let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
    let mut parts = tag.trim_start_matches('v').split('-');
    let is_version = |part: &str| {
        let numbers: Vec<_> = part.split('.').map(str::parse::<u32>).collect();
        numbers.iter().all(Result::is_ok) && (numbers.len() >= 2 || part.len() == 8)
    };
    // PostgreSQL's versions have two numbers.
    let two_will_do = image.starts_with("postgres:");
    parts.any(|part| is_version(part) && (two_will_do || part.matches('.').count() != 1))
}

#[test]
fn the_image_is_built_with_the_version_of_rust_that_the_manifest_names() {
    let manifest = read("Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let image = format!("FROM rust:{}.", version.unwrap().trim_matches('"'));
    assert!(
        read(DOCKERFILE).contains(&image),
        "{DOCKERFILE} does not build {image}"
    );
}

#[test]
fn what_runs_is_not_root_and_has_a_health_check() {
    let dockerfile = read(DOCKERFILE);
    let (_, last) = dockerfile.rsplit_once("\nFROM ").unwrap();
    let user = last.lines().find_map(|line| line.strip_prefix("USER "));
    assert!(user.unwrap().parse::<u32>().unwrap() > 0);
    assert!(last.contains("\nHEALTHCHECK "));
    let copied = last.lines().filter(|line| line.starts_with("COPY "));
    let copied: Vec<_> = copied.collect();
    assert_eq!(
        copied,
        ["COPY --from=build /out/dtx-backend /usr/local/bin/dtx-backend"]
    );
}

#[test]
fn an_image_without_its_whole_version_is_found() {
    for image in [
        "postgres:17.6-alpine",
        "grafana/alloy:v1.18.0",
        "debian:bookworm-20260824-slim",
    ] {
        assert!(is_pinned(image), "{image}");
    }
    for image in [
        "redis",
        "redis:7",
        "redis:7.4-alpine",
        "rust:1.95-slim",
        "debian:bookworm-slim",
    ] {
        assert!(!is_pinned(image), "{image}");
    }
}
