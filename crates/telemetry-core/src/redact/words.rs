//! The words that name secrets.

/// The names of secrets: the one list of them.
pub(super) const WORDS: [Word; 47] = [
    Word::ending("access_key"),
    Word::ending("access_tokens"),
    Word::ending("accesstoken"),
    Word::ending("api_key"),
    Word::ending("api_keys"),
    Word::ending("apikey"),
    Word::ending("authorization"),
    Word::ending("authtoken"),
    Word::ending("connection_string"),
    Word::ending("cookie"),
    Word::ending("cookies"),
    Word::ending("credential"),
    Word::ending("credentials"),
    Word::ending("encryption_key"),
    Word::ending("jsessionid"),
    Word::ending("jwt"),
    Word::ending("passcode").with_numbers(),
    Word::ending("passphrase"),
    Word::ending("passwd"),
    Word::ending("password"),
    Word::ending("password_hash"),
    Word::ending("passwords"),
    Word::ending("phpsessid"),
    Word::ending("private_key"),
    Word::ending("pwd"),
    Word::ending("refresh_tokens"),
    Word::ending("secret"),
    Word::ending("secret_key"),
    Word::ending("secrets"),
    Word::ending("session_id"),
    Word::ending("session_key"),
    Word::ending("sessionid"),
    Word::ending("signing_key"),
    Word::ending("token"),
    Word::whole("bearer"),
    Word::whole("connect_sid"),
    Word::whole("otp").with_numbers(),
    Word::whole("pass"),
    Word::whole("pin").with_numbers(),
    Word::whole("sid"),
    // What authorizes in a URL: the codes of OAuth, and keys and signatures of cloud storage.
    Word::of_query("awsaccesskeyid"),
    Word::of_query("code"),
    Word::of_query("key"),
    Word::of_query("sig"),
    Word::of_query("signature"),
    Word::of_query("state"),
    Word::of_query("ticket"),
];

/// Words behind the name of a secret that is asked for once more.
pub(super) const REPETITIONS: [&str; 3] = ["confirmation", "confirm", "again"];

/// A name of secrets: words joined by underscores, lower case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<S = &'static str> {
    pub(super) name: S,
    pub(super) place: Place,
    /// Whether a number is a secret too.
    pub(super) numbers: bool,
}

/// Where in a key a name counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Ending,
    Whole,
    /// At the end of the name of a parameter of a query.
    Query,
}

impl<S> Word<S> {
    const fn new(name: S, place: Place) -> Self {
        Self {
            name,
            place,
            numbers: false,
        }
    }

    pub(super) const fn ending(name: S) -> Self {
        Self::new(name, Place::Ending)
    }

    pub(super) const fn whole(name: S) -> Self {
        Self::new(name, Place::Whole)
    }

    pub(super) const fn of_query(name: S) -> Self {
        Self::new(name, Place::Query)
    }
}

impl Word {
    pub(super) const fn with_numbers(mut self) -> Self {
        self.numbers = true;
        self
    }
}

impl Word<String> {
    /// Says whether `text` has the letters of the name at its end, or may have: cheaper than to
    /// normalize it.
    pub(super) fn may_end(&self, text: &str) -> bool {
        let mut of_text = letters_from_end(text);
        !self.name.is_ascii()
            || letters_from_end(&self.name).all(|letter| {
                of_text
                    .next()
                    .is_some_and(|other| other.eq_ignore_ascii_case(&letter))
            })
    }

    pub(super) fn matches(&self, key: &str) -> bool {
        match self.place {
            Place::Ending => ends_with_words(key, &self.name),
            Place::Whole | Place::Query => key == self.name,
        }
    }
}

fn letters_from_end(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().rev().filter(u8::is_ascii_alphanumeric)
}

/// Says whether a normalized key is `name`, or ends with it as words.
pub(super) fn ends_with_words(key: &str, name: &str) -> bool {
    key.strip_suffix(name)
        .is_some_and(|before| before.is_empty() || before.ends_with('_'))
}

/// Splits a key into words at separators and where lower case turns to upper, and joins
/// them with underscores in lower case.
pub(super) fn normalized(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    let mut after_lower = false;
    for character in key.chars() {
        if !character.is_alphanumeric() {
            out.push('_');
        } else {
            if after_lower && character.is_uppercase() {
                out.push('_');
            }
            out.extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase() || character.is_numeric();
    }
    out
}
