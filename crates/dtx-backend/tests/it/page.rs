//! The page at `/`.

use crate::browser::Browser;
use crate::program::{Program, get, request};

const VARIABLES: [(&str, &str); 2] = [("DTX_BIND", "127.0.0.1:0"), ("NODE_ENV", "test")];

#[tokio::test]
async fn the_page_comes_with_all_that_it_refers_to_and_nothing_from_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::start(&directory, &VARIABLES);
    let url = program.url().await;
    let (status, page) = get(format!("{url}/")).await;
    assert_eq!(status, 200);
    assert!(!page.contains("://"), "{page}");
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/site/app.js", "text/javascript; charset=utf-8"),
        ("/site/style.css", "text/css; charset=utf-8"),
    ] {
        assert!(path == "/" || page.contains(path), "{path}");
        let response = request(format!("{url}{path}")).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], kind);
        let policy = response.headers()["content-security-policy"].to_str();
        assert!(policy.unwrap().starts_with("default-src 'self'"));
    }
}

/// What a person does who logs in.
fn log_in(username: &str) -> String {
    format!(
        "(document.querySelector('[name=username]').value = '{username}', \
         document.querySelector('[name=password]').value = 'first-pick-roshan', \
         document.querySelector('#login button').click())"
    )
}

/// What a person does who picks.
fn pick(hero: &str) -> String {
    format!(
        "[...document.querySelectorAll('.heroes button')] \
         .find(button => button.textContent === '{hero}').click()"
    )
}

const IS_LIVE: &str = "document.querySelector('#connection.live') && \
                       document.querySelector('.heroes button')";
const IS_MINE: &str = "document.querySelector('.turn h2').textContent === 'Your pick'";
const BEGIN: &str = "document.querySelector('.turn button')";

#[tokio::test]
async fn captains_log_in_and_pick_in_their_browsers() {
    let Some(mut browser) = Browser::start().await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::start(&directory, &VARIABLES);
    let url = program.url().await;
    let first = browser.open(&format!("{url}/#1")).await;
    let second = browser.open(&format!("{url}/#1")).await;
    let spectator = browser.open(&format!("{url}/#1")).await;
    browser.when(&first, IS_LIVE, &log_in("captain")).await;
    browser.when(&second, IS_LIVE, &log_in("mira")).await;
    let may_begin = format!("!{BEGIN}.hidden");
    browser.when(&second, &may_begin, "0").await;
    browser
        .when(&first, &may_begin, &format!("{BEGIN}.click()"))
        .await;
    browser.when(&first, IS_MINE, &pick("Invoker")).await;
    browser.when(&second, IS_MINE, &pick("Puck")).await;
    let picks = "[...document.querySelectorAll('.team')].map(team => team.innerText)";
    let both = "document.querySelectorAll('.team li').length === 2";
    let shown = browser.when(&spectator, both, picks).await;
    assert_eq!(shown[0], "Roshan Raiders\nInvoker");
    assert_eq!(shown[1], "Midlane Monks\nPuck");
    // Who only watches can pick nothing.
    let open = "document.querySelectorAll('.heroes button:enabled').length";
    assert_eq!(browser.when(&spectator, "true", open).await, 0);
    let standings = "document.querySelector('#tournament').innerText";
    let standings = browser.when(&spectator, "true", standings).await;
    let standings = standings.as_str().unwrap();
    assert!(standings.starts_with("Spring Draft"), "{standings}");
    assert!(standings.contains("38 : 21"), "{standings}");
    // The program ends: the page says so, and comes back when the program does.
    drop(program);
    let is_gone = "!document.querySelector('#connection.live')";
    browser.when(&spectator, is_gone, "0").await;
    let address = url.trim_start_matches("http://");
    let again = [("DTX_BIND", address), ("NODE_ENV", "test")];
    let mut program = Program::start(&directory, &again);
    program.url().await;
    let shown = browser.when(&spectator, IS_LIVE, picks).await;
    assert_eq!(shown[0], "Roshan Raiders\nInvoker");
}
