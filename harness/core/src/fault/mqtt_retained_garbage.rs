//! `mqtt_retained_garbage`: garbage waits for those who subscribe.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Content, CorpusFile, Misbehave, MqttFault, Payload, PayloadKind, Written};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A retained message is garbage: it is delivered each time the device subscribes, after each boot anew.
    ///
    /// `mqtt_retained_garbage: {as: not_json, for: 60s}`
    pub struct MqttRetainedGarbage {
        /// Where to. One with wildcards is any that it takes in and the device listens to; left out, any that the device listens
        /// to.
        topic: Option<String> = "topic" optional,
        /// How it is wrong, made from `from`.
        kind: Option<PayloadKind> = "as" optional,
        /// A file of `fixtures/payloads`, in the place of `as`.
        corpus: Option<CorpusFile> = "corpus" optional,
        /// Word for word, or hex digits behind `hex:`, in the place of `as`.
        text: Option<Payload> = "text" optional,
        /// The good command that it is made from, in JSON; the `example` of the board file if left out.
        from: Option<String> = "from" (OneLine) optional,
    } lasting Duration::from_secs(60)
}

impl MqttRetainedGarbage {
    /// What is written of the message.
    pub(crate) fn written(&self) -> Written<'_> {
        Written { kind: self.kind, corpus: self.corpus.as_ref(), text: self.text.as_ref() }
    }
}

fn usual(from: &str, seed: u64) -> Content {
    Content::Made { kind: PayloadKind::NotJson, from: from.to_owned(), seed }
}

impl FaultKind for MqttRetainedGarbage {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let from = cx.sound(self.from.as_ref());
        misbehave(
            "mqtt_retained_garbage",
            Misbehave::Mqtt(MqttFault::Retained {
                topic: self.topic.clone(),
                content: self.written().content(usual(&from, cx.seed), &from, cx.seed),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
