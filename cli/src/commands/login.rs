//! `login` and `logout`.

use std::io::{self, BufRead, Write};

use serde_json::json;

use crate::account::{Account, Accounts};
use crate::api::{Client, Repeat};
use crate::failure::Failure;
use crate::options::{LoginOptions, Options};
use crate::output::Output;

/// Signs in, with a code or as a new user.
pub async fn login(options: &Options, login: &LoginOptions) -> Result<(), Failure> {
    let api = Accounts::load()?.api(options.api.as_deref())?;
    let client = Client::anonymous(&api, options.patience())?;
    let body = match (&login.code, login.new) {
        (_, true) => String::new(),
        (Some(code), _) => redeem(code),
        (None, _) => redeem(&ask_for_code(&api).map_err(Failure::other)?),
    };
    // A code works once: a request whose response was lost must not be sent again.
    let response = client.post("/api/session", body, Repeat::Never).await?;
    let no_account =
        || Failure::Failed("the service has given no token: is this its address?".to_owned());
    let account = Account::of_response(&api, &response).ok_or_else(no_account)?;
    Accounts::sign_in(&account)?;
    let output = Output::new(options.json);
    output.json(|| json!({ "api": api, "userId": account.user_id }));
    output.text(|| format!("Signed in at {api} as {}.", account.user_id));
    Ok(())
}

fn redeem(code: &str) -> String {
    json!({ "action": "redeem", "code": code.trim() }).to_string()
}

fn ask_for_code(api: &str) -> io::Result<String> {
    eprintln!(
        "In a browser that is signed in at {api}, choose to link a device, and type the code that it shows."
    );
    eprint!("Code: ");
    io::stderr().flush()?;
    let mut code = String::new();
    io::stdin().lock().read_line(&mut code)?;
    Ok(code)
}

/// Forgets the token.
pub fn logout(options: &Options) -> Result<(), Failure> {
    let api = Accounts::load()?.api(options.api.as_deref())?;
    let was_signed_in = Accounts::sign_out(&api)?;
    let output = Output::new(options.json);
    output.json(|| json!({ "api": api, "wasSignedIn": was_signed_in }));
    output.text(|| match was_signed_in {
        true => format!("This machine has forgotten its token for {api}."),
        false => format!("This machine has no token for {api}."),
    });
    Ok(())
}
