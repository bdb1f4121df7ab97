//! What jobs are called.

use std::any::type_name;

/// The name of a type, without the path to it and without its parameters. Of a tuple or a slice
/// the whole.
pub(crate) fn of<Args>() -> &'static str {
    without_path(type_name::<Args>())
}

fn without_path(name: &'static str) -> &'static str {
    if name.starts_with(['(', '[', '&']) {
        return name;
    }
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_after_the_type_of_its_arguments() {
        struct Recompute<T>(T);
        assert_eq!(of::<Recompute<Vec<String>>>(), "Recompute");
        assert_eq!(of::<Option<String>>(), "Option");
        assert_eq!(of::<u32>(), "u32");
        assert_eq!(
            of::<(u8, std::time::Duration)>(),
            "(u8, core::time::Duration)"
        );
    }
}
