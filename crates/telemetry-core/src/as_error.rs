//! Whatever holds an error, as one.

use std::error::Error;
use std::ops::DerefMut;

/// What is read as an error: an error of any type, `dyn Error`, a `Box` of one, and the reports of
/// `anyhow` and `eyre`, which are no errors themselves.
///
/// ```
/// use std::error::Error;
///
/// use telemetry_core::AsError;
///
/// fn message<Kind>(error: &(impl AsError<Kind> + ?Sized)) -> String {
///     error.as_error().to_string()
/// }
///
/// let error = "a".parse::<u8>().unwrap_err();
/// let boxed: Box<dyn Error + Send + Sync> = error.clone().into();
/// let report = anyhow::Error::from(error.clone());
/// assert_eq!(message(&error), message(&boxed));
/// assert_eq!(message(&error), message(&report));
/// ```
///
/// `Kind` says which of these a type is, and is inferred: one of the types in
/// [`as_error`](crate::as_error).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error",
    note = "neither does it implement `std::error::Error`, nor does it hold such a value as `Box<dyn Error>` and `anyhow::Error` do"
)]
pub trait AsError<Kind> {
    /// The error.
    fn as_error(&self) -> &dyn Error;
}

/// The kind of a type that is an error.
#[derive(Debug)]
pub enum ByItself {}

/// The kind of `dyn Error`, with or without `Send` and `Sync`.
#[derive(Debug)]
pub enum ByObject {}

/// The kind of what owns a `dyn Error`, and gives it out as [`DerefMut`] does: a `Box`,
/// `anyhow::Error`, `eyre::Report`.
#[derive(Debug)]
pub enum ByOwner {}

impl<E: Error> AsError<ByItself> for E {
    #[inline]
    fn as_error(&self) -> &dyn Error {
        self
    }
}

macro_rules! objects {
    ($($object:ty),*) => {$(
        impl AsError<ByObject> for $object {
            #[inline]
            fn as_error(&self) -> &dyn Error {
                self
            }
        }
    )*};
}

objects!(
    dyn Error + '_,
    dyn Error + Send + '_,
    dyn Error + Send + Sync + '_
);

// Not `Deref`: an `Arc` and a reference are errors themselves.
impl<O> AsError<ByOwner> for O
where
    O: DerefMut<Target: AsError<ByObject>>,
{
    #[inline]
    fn as_error(&self) -> &dyn Error {
        (**self).as_error()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::*;

    fn text<Kind>(error: &(impl AsError<Kind> + ?Sized)) -> String {
        error.as_error().to_string()
    }

    fn io_error() -> io::Error {
        io::Error::other("lost")
    }

    #[test]
    fn whatever_holds_an_error_is_read_as_one() {
        let error = io_error();
        let (object, threadsafe): (&dyn Error, &(dyn Error + Send + Sync)) = (&error, &error);
        let boxed: Box<dyn Error> = Box::new(io_error());
        let threadsafe_box: Box<dyn Error + Send + Sync> = Box::new(io_error());
        let shared: Arc<dyn Error + Send + Sync> = Arc::new(io_error());
        for text in [
            text(&error),
            text(&&error),
            text(object),
            text(&object),
            text(threadsafe),
            text(&threadsafe),
            text(&boxed),
            text(&*boxed),
            text(&threadsafe_box),
            text(&shared),
            text(&*shared),
            text(&Box::new(io_error())),
            text(&anyhow::Error::from(io_error())),
            text(&*anyhow::Error::from(io_error())),
            text(&color_eyre::eyre::Report::from(io_error())),
        ] {
            assert_eq!(text, "lost");
        }
    }

    #[test]
    fn an_error_of_any_lifetime_is_read_as_one() {
        #[derive(Debug)]
        struct Borrowed<'a>(&'a str);
        impl std::fmt::Display for Borrowed<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }
        impl Error for Borrowed<'_> {}
        let message = String::from("short");
        let error = Borrowed(&message);
        let object: &dyn Error = &error;
        assert_eq!((text(&error), text(object)), (message.clone(), message));
    }
}
