//! Lists of paths that settings are about.

/// Whole paths, as clients send them. A trailing slash makes no difference.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths(Vec<String>);

impl Paths {
    pub(crate) fn extend<S: AsRef<str>>(&mut self, paths: impl IntoIterator<Item = S>) {
        let paths = paths.into_iter();
        self.0
            .extend(paths.map(|path| without_slash(path.as_ref()).to_owned()));
    }

    #[inline]
    pub(crate) fn has(&self, path: &str) -> bool {
        !self.0.is_empty() && self.0.iter().any(|listed| listed == without_slash(path))
    }
}

fn without_slash(path: &str) -> &str {
    match path {
        "/" => path,
        _ => path.strip_suffix('/').unwrap_or(path),
    }
}
