//! What is taken for Discord's, and what is not.

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::*;

const NOW: i64 = 1_795_000_000;
const BODY: &[u8] = br#"{"type":1}"#;

/// A pair whose key is known.
fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn key(pair: &Ed25519KeyPair) -> PublicKey {
    PublicKey::new(pair.public_key().as_ref().try_into().unwrap())
}

fn sign(timestamp: &str, body: &[u8]) -> String {
    hex::encode(pair().sign(&[timestamp.as_bytes(), body].concat()))
}

fn headers(signature: &str, timestamp: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(SIGNATURE, signature.parse().unwrap());
    headers.insert(TIMESTAMP, timestamp.parse().unwrap());
    headers
}

fn is_taken(signature: &str, timestamp: &str, body: &[u8]) -> bool {
    let headers = headers(signature, timestamp);
    key(&pair()).has_signed(&headers, body, Timestamp::from_unix(NOW))
}

#[test]
fn what_the_owner_has_signed_just_now_is_taken() {
    for seconds in [NOW - 300, NOW - 1, NOW, NOW + 1, NOW + 300] {
        let timestamp = seconds.to_string();
        assert!(
            is_taken(&sign(&timestamp, BODY), &timestamp, BODY),
            "{seconds}"
        );
    }
    let timestamp = NOW.to_string();
    let upper = sign(&timestamp, b"").to_uppercase();
    assert!(is_taken(&upper, &timestamp, b""), "of an empty body");
}

#[test]
fn the_vectors_of_rfc_8032_hold() {
    // Section 7.1, test 3: the message is the timestamp and the body together.
    let key = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
    let signature = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                     18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
    let [mut key_bytes, mut bytes] = [[0; 32], [0; 32]];
    hex::decode_to_slice(key, &mut key_bytes).unwrap();
    bytes[..2].copy_from_slice(&[0xaf, 0x82]);
    let mut signature_bytes = [0; 64];
    hex::decode_to_slice(signature, &mut signature_bytes).unwrap();
    let key = PublicKey::new(key_bytes);
    assert!(key.0.verify(&bytes[..2], &signature_bytes).is_ok());
    assert!(key.0.verify(&bytes[..1], &signature_bytes).is_err());
}

#[test]
fn what_is_too_old_or_of_the_future_is_not_taken() {
    for seconds in [0, NOW - 301, NOW + 301, i64::MAX] {
        let timestamp = seconds.to_string();
        assert!(
            !is_taken(&sign(&timestamp, BODY), &timestamp, BODY),
            "{seconds}"
        );
    }
}

#[test]
fn a_time_that_is_none_is_not_taken_though_it_is_signed() {
    let now = NOW.to_string();
    for timestamp in [
        "",
        "now",
        &format!("+{now}"),
        &format!("-{now}"),
        &format!("{now}.0"),
        &format!("0x{now}"),
        "99999999999999999999",
    ] {
        assert!(
            !is_taken(&sign(timestamp, BODY), timestamp, BODY),
            "{timestamp}"
        );
    }
}

#[test]
fn a_signature_that_is_malformed_or_of_something_else_is_not_taken() {
    let now = NOW.to_string();
    let good = sign(&now, BODY);
    assert!(is_taken(&good, &now, BODY));
    let flipped = if good.starts_with('0') { "1" } else { "0" };
    for signature in [
        "",
        &good[..126],
        &format!("{good}00"),
        &format!("{}0", &good[..127]).replace(|_: char| true, "g"),
        &format!("{flipped}{}", &good[1..]),
        &sign(&now, br#"{"type":2}"#),
        &sign(&(NOW - 1).to_string(), BODY),
    ] {
        assert!(!is_taken(signature, &now, BODY), "{signature}");
    }
    assert!(!is_taken(&good, &now, br#"{"type":2}"#), "another body");
    let later = (NOW + 1).to_string();
    assert!(!is_taken(&good, &later, BODY), "another time");
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let headers = headers(&good, &now);
    assert!(!key(&stranger).has_signed(&headers, BODY, Timestamp::from_unix(NOW)));
}

#[test]
fn headers_that_are_missing_or_twice_there_are_not_taken() {
    let now = NOW.to_string();
    let good = headers(&sign(&now, BODY), &now);
    for name in [SIGNATURE, TIMESTAMP] {
        let mut missing = good.clone();
        missing.remove(&name);
        let mut twice = good.clone();
        let value = twice[&name].clone();
        twice.append(&name, value);
        for headers in [missing, twice] {
            let is_taken = key(&pair()).has_signed(&headers, BODY, Timestamp::from_unix(NOW));
            assert!(!is_taken, "{headers:?}");
        }
    }
}
