//! The codes of errors: what clients tell them by, each with its status, its meaning, and what a person is told.

use std::fmt;

use http::StatusCode;

macro_rules! codes {
    (@message $code:expr,) => { $code.meaning() };
    (@message $code:expr, $message:literal) => { $message };
    ($($status:ident { $($(#[doc = $meaning:literal])+ $name:ident = $text:literal $(says $message:literal)?,)+ })+) => {
        /// Why a request was refused, or failed. The codes are stable: clients rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $($($(#[doc = $meaning])+ $name,)+)+
        }

        impl ErrorCode {
            /// All there are, by status.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)+)+];

            /// The code as clients see it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$name => $text,)+)+
                }
            }

            /// The status of a response with this code.
            pub fn status(self) -> StatusCode {
                match self {
                    $($(Self::$name)|+ => StatusCode::$status,)+
                }
            }

            /// What it means, for the API's document: the comment on the code.
            pub fn meaning(self) -> &'static str {
                match self {
                    $($(Self::$name => concat!($($meaning),+).trim_ascii(),)+)+
                }
            }

            /// What the person is told whose request was refused, where there is no more to say of it: what the code
            /// `says`, or else its meaning.
            pub fn message(self) -> &'static str {
                match self {
                    $($(Self::$name => codes!(@message self, $($message)?),)+)+
                }
            }
        }
    };
}

codes! {
    BAD_REQUEST {
        /// The body, or a part of it, is not JSON of the form expected.
        InvalidJson = "invalid_json",
        /// A field has the wrong type or value, or is missing.
        InvalidField = "invalid_field",
        /// An id is outside its alphabet or length.
        InvalidId = "invalid_id",
        /// A query parameter has a value that it does not take.
        InvalidQuery = "invalid_query",
        /// There is no word to search for.
        QueryTooShort = "query_too_short",
        /// More is to be searched for than one search takes.
        QueryTooLong = "query_too_long",
        /// The cursor is not one that this list has given out.
        InvalidCursor = "invalid_cursor",
        /// A header does not have the form expected.
        InvalidHeader = "invalid_header",
        /// An id in the body or the query differs from the one in the path.
        IdMismatch = "id_mismatch",
        /// Two things of one request have the same id.
        DuplicateId = "duplicate_id",
        /// More messages than one append takes.
        TooManyMessages = "too_many_messages",
        /// What is to be imported may be written in several formats: `?format=` has to name one.
        AmbiguousFormat = "ambiguous_format",
        /// What is to be imported is not of the format named, or of one that is not read.
        UnknownFormat = "unknown_format",
        /// The connection ended before the body was complete.
        BodyIncomplete = "body_incomplete",
        /// The user of an auth provider signs in and out there.
        UseProvider = "use_provider"
            says "This user signs in and out at the auth provider.",
    }
    UNAUTHORIZED {
        /// There is no token.
        MissingToken = "missing_token"
            says "Send the token of POST /api/session as Authorization: Bearer <token>.",
        /// The token is not valid.
        InvalidToken = "invalid_token",
        /// The token has expired.
        ExpiredToken = "expired_token",
        /// The user has signed out everywhere since the token was issued.
        SignedOut = "signed_out"
            says "The user has signed out everywhere since this token was issued.",
    }
    FORBIDDEN {
        /// The device code is wrong, was used before, or is too old.
        WrongCode = "wrong_code"
            says "The code is wrong, was used before, or is older than 10 minutes.",
        /// The token to claim with is not valid, has expired, or was signed out.
        WrongToken = "wrong_token",
        /// The token only reads, and is of no use here.
        ReadToken = "read_token"
            says "This token only reads, and only by POST /api/mcp.",
        /// The user has as many conversations as one may have.
        TooManyConversationsKept = "too_many_conversations_kept"
            says "There are as many conversations as one user may have: delete some.",
        /// The user has as much text as one may have.
        TooMuchTextKept = "too_much_text_kept"
            says "There is as much text as one user may have: delete some.",
        /// The user has as many shares as one may have.
        TooManyShares = "too_many_shares"
            says "There are as many shares as one user may have: revoke some.",
    }
    NOT_FOUND {
        /// There is no such route.
        NoRoute = "no_route"
            says "No such route.",
        /// There is no such conversation: it never existed, was deleted, or has expired.
        ConversationNotFound = "conversation_not_found"
            says "No such conversation.",
        /// The conversation was deleted; its id cannot be used again.
        ConversationDeleted = "conversation_deleted"
            says "This conversation was deleted; its id cannot be used again.",
        /// There is no such message in the conversation.
        MessageNotFound = "message_not_found"
            says "No such message.",
        /// There is no such share: it never was, was revoked, or has expired.
        ShareNotFound = "share_not_found"
            says "No such share: it never was, was revoked, or has expired.",
    }
    METHOD_NOT_ALLOWED {
        /// The route does not take this method; `Allow` has those it takes.
        MethodNotAllowed = "method_not_allowed",
    }
    CONFLICT {
        /// Another conversation has this id.
        ConversationExists = "conversation_exists"
            says "Another conversation has this id; PUT replaces it.",
        /// Another message has this id.
        MessageExists = "message_exists",
        /// This very message was appended before and then deleted.
        MessageDeleted = "message_deleted",
        /// What the anonymous user had was moved into another account.
        AlreadyClaimed = "already_claimed"
            says "What this user had was moved into another account.",
        /// The two users are in different databases: export the one and import into the other.
        ClaimAcrossDatabases = "claim_across_databases",
        /// A claim has begun to move this conversation: repeat the claim, then the write.
        ClaimUnfinished = "claim_unfinished"
            says "A claim is moving this conversation here. Repeat the claim, then this request.",
        /// The `Idempotency-Key` says when it was made, and that is longer ago than writes are remembered: whether the
        /// request was carried out then is not known, and it is not carried out now.
        RequestTooOld = "request_too_old"
            says "The Idempotency-Key is too old to tell whether this was carried out before. Look, and send it under \
             a new key where it was not.",
    }
    PRECONDITION_FAILED {
        /// The conversation is not at a version that `If-Match` and `If-None-Match` allow; `revision` is the current one,
        /// 0 where there is none.
        RevisionMismatch = "revision_mismatch",
        /// A field of the conversation does not have the value that `$expected` names; or the request would make an agent
        /// session another conversation, or another conversation a session.
        FieldMismatch = "field_mismatch"
            says "A field does not have the value that $expected names.",
    }
    UNPROCESSABLE_ENTITY {
        /// The `Idempotency-Key` named another request before.
        IdempotencyKeyReused = "idempotency_key_reused"
            says "This Idempotency-Key named another request before.",
        /// Nothing of what was to be imported is a conversation with anything to read.
        NothingImported = "nothing_imported",
    }
    PAYLOAD_TOO_LARGE {
        /// The body is larger than a request may be.
        BodyTooLarge = "body_too_large",
        /// A message is larger than one may be.
        MessageTooLarge = "message_too_large"
            says "The message would be larger than one may be.",
        /// The metadata of a conversation are larger than they may be.
        MetadataTooLarge = "metadata_too_large"
            says "The conversation's metadata would be larger than it may be.",
        /// More conversations than one import takes.
        TooManyConversations = "too_many_conversations",
        /// The conversation would have more messages than one may have.
        ConversationTooLong = "conversation_too_long"
            says "The conversation would have more messages than one may have: begin another.",
        /// The conversation is too large for a snapshot.
        TooLargeToShare = "too_large_to_share"
            says "The conversation is too large for a snapshot: export it instead.",
    }
    TOO_MANY_REQUESTS {
        /// Too many calls in this minute.
        RateLimited = "rate_limited",
        /// Too many wrong device codes from one address.
        TooManyCodes = "too_many_codes"
            says "Too many wrong codes. Wait 10 minutes.",
        /// The user has as many streams open as one may have.
        TooManyStreams = "too_many_streams"
            says "There are as many streams open as one user may have: close one, or ask without a stream.",
        /// The address has made as many new users as it may in a day.
        TooManyNewUsers = "too_many_new_users"
            says "There are as many new users from this address as there may be in a day. Come back tomorrow.",
        /// From the address was written as much as may be in a day.
        TooMuchFromAddress = "too_much_from_address"
            says "As much was written from this address as may be in a day. Come back tomorrow; reading and \
             deleting go on.",
    }
    INTERNAL_SERVER_ERROR {
        /// A bug of the service, or a deployment that is not configured.
        InternalError = "internal_error"
            says "Internal Server Error",
    }
    BAD_GATEWAY {
        /// The database's response could not be understood. It is safe to send the request again.
        StorageMalformed = "storage_malformed",
    }
    SERVICE_UNAVAILABLE {
        /// The auth provider, whose keys are needed, cannot be asked.
        IdentityUnavailable = "identity_unavailable"
            says "The auth provider cannot be asked for its keys. Send the request again later.",
        /// The database cannot be reached.
        StorageUnavailable = "storage_unavailable"
            says "The database cannot be reached. Nothing is lost: send the request again later.",
        /// The database is asked too often.
        StorageBusy = "storage_busy"
            says "The database is asked too often. Send the request again later.",
        /// The database's request quota is used up.
        StorageQuota = "storage_quota",
        /// Server-side storage is switched off for this user.
        StorageDisabled = "storage_disabled",
        /// Most of the deployment's commands of this day are used up: there are no new users until tomorrow.
        NewcomersPaused = "newcomers_paused"
            says "There are no new users for the rest of the day (UTC).",
        /// Nearly all of the deployment's commands of this day are used up: only reading and deleting go on.
        WritesPaused = "writes_paused"
            says "Nothing is written for the rest of the day (UTC); reading and deleting go on.",
        /// The deployment's commands of this day are used up: only deleting goes on.
        ServicePaused = "service_paused"
            says "The service rests until the end of the day (UTC); deleting goes on.",
    }
    GATEWAY_TIMEOUT {
        /// The database did not respond in time. It is safe to send the request again.
        StorageTimeout = "storage_timeout",
    }
    INSUFFICIENT_STORAGE {
        /// The database is full: nothing was written.
        StorageFull = "storage_full",
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_have_the_same_text() {
        let texts: HashSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn its_meaning_is_its_comment() {
        assert_eq!(ErrorCode::MissingToken.meaning(), "There is no token.");
        assert_eq!(ErrorCode::MissingToken.status(), StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn a_message_says_something_else_than_the_meaning_or_is_the_meaning() {
        let (expired, missing) = (ErrorCode::ExpiredToken, ErrorCode::MissingToken);
        assert_eq!(expired.message(), expired.meaning());
        assert!(missing.message().starts_with("Send the token"));
        let source = include_str!("error_code.rs");
        for code in ErrorCode::ALL {
            let own = format!("says \"{}\"", code.meaning());
            assert!(!source.contains(&own), "{code} says its meaning twice");
        }
    }
}
