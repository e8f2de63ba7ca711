//! What nodes tell each other about who is with them, by Redis: heard at once or not at all, and said
//! again every 20 seconds.

use protocol::{AccountId, Message, RoomId, accounts::Status};
use serde::{Deserialize, Serialize};

/// Something that one node says to the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// These are with it, in this state; everyone else is as it was said before.
    Here(Vec<(AccountId, Status)>),
    /// These are with it, and nobody else.
    All(Vec<(AccountId, Status)>),
    /// It has just begun, and knows of nobody yet.
    Hello,
    /// Somebody is writing.
    Typing(RoomId, AccountId),
    /// Something was said in a room that keeps nothing, when its members were at this `access`.
    Passed(Box<Message>, i64),
}

/// The same, with who says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct From {
    pub node: String,
    pub said: Said,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_two_versions_understand_each_other() {
        let account = AccountId::new(1, [1; 16]);
        let said = Said::Here(vec![(account, Status::Away)]);
        let from = From { node: "n".into(), said };
        let json = format!(r#"{{"node":"n","said":{{"here":[["{account}","away"]]}}}}"#);
        assert_eq!(serde_json::to_string(&from).unwrap(), json);
        assert_eq!(serde_json::from_str::<From>(&json).unwrap(), from);
        assert!(serde_json::from_str::<From>(r#"{"node":"n","said":{"sings":1}}"#).is_err());
    }
}
