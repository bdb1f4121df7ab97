//! Comparing values with those of Rust.

/// Implements `PartialEq`, in both directions, between a type of values and what they may hold:
/// integers, floats, booleans, strings, and arrays, slices and vectors of strings.
///
/// The type has the methods `as_bool`, `as_i64`, `as_u64`, `as_f64`, `as_str` and `as_list`. One macro,
/// so that values of lines and of attributes compare alike.
#[doc(hidden)]
#[macro_export]
macro_rules! value_comparisons {
    ($value:ty) => {
        $crate::value_comparisons! { $value;
            bool => |value, other| value.as_bool() == Some(*other);
            f64 => |value, other| value.as_f64() == Some(*other);
            str => |value, other| value.as_str() == Some(other);
            &str => |value, other| value.as_str() == Some(*other);
            ::std::string::String => |value, other| value.as_str() == Some(other);
            ::std::borrow::Cow<'_, str> => |value, other| value.as_str() == Some(other);
            [&str] => |value, other| value.as_list().is_some_and(|list| list == *other);
            &[&str] => |value, other| value.as_list().is_some_and(|list| list == **other);
            [::std::string::String] => |value, other| value.as_list().is_some_and(|list| list == *other);
            ::std::vec::Vec<&str> => |value, other| value.as_list().is_some_and(|list| list == *other);
            ::std::vec::Vec<::std::string::String> => |value, other| value.as_list().is_some_and(|list| list == *other);
        }
        $crate::value_comparisons! { integers $value;
            i8, i16, i32, i64, isize, u8, u16, u32, u64, usize
        }
        $crate::value_comparisons! { arrays $value; &str, ::std::string::String }
    };
    (integers $value:ty; $($integer:ty),*) => {
        $crate::value_comparisons! { $value; $(
            $integer => |value, other| {
                let signed = value.as_i64().map(i128::from);
                let held = signed.or_else(|| value.as_u64().map(i128::from));
                held.is_some() && held == i128::try_from(*other).ok()
            };
        )* }
    };
    (arrays $value:ty; $($item:ty),*) => {$(
        impl<const N: usize> PartialEq<[$item; N]> for $value {
            fn eq(&self, other: &[$item; N]) -> bool {
                self.as_list().is_some_and(|list| list == *other)
            }
        }

        impl<const N: usize> PartialEq<$value> for [$item; N] {
            fn eq(&self, other: &$value) -> bool {
                other == self
            }
        }
    )*};
    ($value:ty; $($other:ty => |$this:ident, $that:ident| $is_equal:expr;)*) => {$(
        impl PartialEq<$other> for $value {
            fn eq(&self, $that: &$other) -> bool {
                let $this = self;
                $is_equal
            }
        }

        impl PartialEq<$value> for $other {
            fn eq(&self, $this: &$value) -> bool {
                let $that = self;
                $is_equal
            }
        }
    )*};
}
