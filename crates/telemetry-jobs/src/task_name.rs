//! What jobs are called.

use std::any::type_name;

/// The name of a type, without the path to it and without its parameters.
pub(crate) fn of<Args>() -> &'static str {
    without_path(type_name::<Args>())
}

fn without_path(name: &'static str) -> &'static str {
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_after_the_type_of_its_arguments() {
        struct Recompute<T>(#[expect(dead_code, reason = "for its name")] T);
        assert_eq!(of::<Recompute<Vec<String>>>(), "Recompute");
        assert_eq!(of::<Option<std::string::String>>(), "Option");
        assert_eq!(of::<u32>(), "u32");
        assert_eq!(of::<(u8, std::time::Duration)>(), "Duration)");
    }
}
