//! The directories of the groups that this process is in.

use std::path::{Component, Path, PathBuf};

/// The groups of one controller that this process is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    pub(super) version: Version,
    /// The directory of its own group first, that of the outermost visible one last.
    pub(super) groups: Vec<PathBuf>,
}

/// The version of control groups, which decides how files are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

impl Hierarchy {
    /// Finds the groups of `controller` by the contents of `/proc/self/cgroup` and
    /// `/proc/self/mountinfo`. A controller is in a hierarchy of version 1 or in that of version
    /// 2, never in both. `None` where the process is outside of all that is mounted.
    pub(super) fn find(controller: &str, membership: &str, mounts: &str) -> Option<Self> {
        let memberships = || membership.lines().filter_map(Membership::parse);
        let version_1 = memberships().find(|it| it.has(controller));
        let version_2 = memberships().find(|it| it.controllers.is_empty());
        let (version, path) = match (version_1, version_2) {
            (Some(membership), _) => (Version::One, membership.path),
            (None, Some(membership)) => (Version::Two, membership.path),
            (None, None) => return None,
        };
        let mounts: Vec<_> = mounts
            .lines()
            .filter_map(Mount::parse)
            .filter(|mount| mount.has(version, controller))
            .collect();
        let groups = directories(Path::new(path), &mounts)?;
        Some(Self { version, groups })
    }
}

/// Gives the directories of the group at `path` and of those around it, up to the mount's root.
fn directories(path: &Path, mounts: &[Mount<'_>]) -> Option<Vec<PathBuf>> {
    // A path with `..` leads out of the namespace that the mount shows.
    if path.components().any(|part| part == Component::ParentDir) {
        return None;
    }
    let within = |mount: &Mount<'_>| {
        let inner = path.strip_prefix(&mount.root).ok()?.to_owned();
        Some((mount.point.clone(), inner))
    };
    // A mount that shows another part than the path says is the container's own group: the path
    // is that of another namespace.
    let (point, inner) = mounts
        .iter()
        .find_map(within)
        .or_else(|| Some((mounts.first()?.point.clone(), PathBuf::new())))?;
    Some(inner.ancestors().map(|group| point.join(group)).collect())
}

/// A line of `/proc/self/cgroup`: `4:cpu,cpuacct:/a/b`, or `0::/a/b` of version 2.
struct Membership<'a> {
    controllers: &'a str,
    path: &'a str,
}

impl<'a> Membership<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        Some(Self { controllers, path })
    }

    fn has(&self, controller: &str) -> bool {
        self.controllers.split(',').any(|it| it == controller)
    }
}

/// A line of `/proc/self/mountinfo` that mounts control groups.
struct Mount<'a> {
    /// The group that is mounted.
    root: PathBuf,
    /// Where it is mounted.
    point: PathBuf,
    file_system: &'a str,
    /// Of version 1, its controllers among others.
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (own, file_system) = line.split_once(" - ")?;
        let mut own = own.split(' ').skip(3);
        let (root, point) = (own.next()?, own.next()?);
        let mut file_system = file_system.split(' ');
        Some(Self {
            root: unescape(root),
            point: unescape(point),
            file_system: file_system.next()?,
            options: file_system.nth(1)?,
        })
    }

    fn has(&self, version: Version, controller: &str) -> bool {
        match version {
            Version::One => {
                self.file_system == "cgroup" && self.options.split(',').any(|it| it == controller)
            }
            Version::Two => self.file_system == "cgroup2",
        }
    }
}

/// Undoes the kernel's escapes of blanks and backslashes: `\040` is a space.
fn unescape(path: &str) -> PathBuf {
    let mut parts = path.split('\\');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|it| u8::from_str_radix(it, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                unescaped.push(char::from(code));
                unescaped.push_str(&part[3..]);
            }
            None => {
                unescaped.push('\\');
                unescaped.push_str(part);
            }
        }
    }
    PathBuf::from(unescaped)
}
