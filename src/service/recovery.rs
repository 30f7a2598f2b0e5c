//! The recovery code of an anonymous user: made, redeemed, revoked.

use super::ServiceError;
use super::session::{LinkedDevice, refuse_provider};
use crate::App;
use crate::context::Caller;
use crate::model::{RecoveryCode, Timestamp};

/// A new recovery code, as only this one response shows it.
#[derive(Debug)]
pub struct NewRecoveryCode {
    /// The code.
    pub code: RecoveryCode,
    /// When it was made.
    pub created: Timestamp,
}

/// A code by which the user returns from any device, replacing the previous one. A repeat of the call shows the same
/// one.
///
/// # Errors
/// `UseProvider`; or the database failed.
pub async fn create(app: &App, caller: &Caller) -> Result<NewRecoveryCode, ServiceError> {
    refuse_provider(caller)?;
    let mut attempt = 0;
    // In the user's database: the code is all that a new device knows.
    let code = app.store.generate_colocated(&caller.user, || {
        attempt += 1;
        let code = app
            .tokens
            .recovery_code(&caller.user, caller.key.name(), attempt);
        let name = code.expose();
        Ok::<_, ServiceError>((code, name))
    })?;
    let names = app.tokens.recovery_names(&code);
    let name = names.first().ok_or(ServiceError::NoSecret)?;
    let created = app.store.for_user(caller).keep_recovery_code(name).await?;
    Ok(NewRecoveryCode { code, created })
}

/// Makes the caller the user of `code`, which stays valid.
///
/// # Errors
/// `WrongCode`; `TooManyCodes`; or the database failed.
pub async fn redeem(
    app: &App,
    code: &RecoveryCode,
    caller: &Caller,
) -> Result<LinkedDevice, ServiceError> {
    let names = app.tokens.recovery_names(code);
    let store = app.store.for_user(caller);
    let user = store.redeem_recovery_code(&names, &code.expose()).await?;
    // Issued now, so that it works after a sign-out everywhere.
    let token = app.tokens.issue(&user);
    Ok(LinkedDevice { user, token })
}

/// Revokes the code of `caller`, if there is one.
///
/// # Errors
/// `UseProvider`; or the database failed.
pub async fn revoke(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    refuse_provider(caller)?;
    Ok(app.store.for_user(caller).revoke_recovery_code().await?)
}
