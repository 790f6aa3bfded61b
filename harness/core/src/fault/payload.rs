//! `payload`: a command is not as it should be.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{
    COMMAND, Content, CorpusFile, Misbehave, MqttFault, Payload, PayloadKind, Quality, Written,
};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A command to the device is not as it should be. It bit when the device acknowledged it, or, at QoS 0, when it was sent.
    ///
    /// `payload: {as: out_of_range}`
    pub struct PayloadFault {
        /// How it is wrong, made from `from`.
        kind: Option<PayloadKind> = "as" optional,
        /// A file of `fixtures/payloads`, in the place of `as`.
        corpus: Option<CorpusFile> = "corpus" optional,
        /// Word for word, or hex digits behind `hex:`, in the place of `as`.
        text: Option<Payload> = "text" optional,
        /// The good command that it is made from, in JSON. `{n}` in it is a number that no other message of the run has.
        from: String = "from" (OneLine) or COMMAND.to_owned(),
        /// Where to; where the device listens if left out: its first filter, with something in the place of wildcards.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Quality = "qos" or Quality::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

impl PayloadFault {
    /// What is written of the message.
    pub(crate) fn written(&self) -> Written<'_> {
        Written { kind: self.kind, corpus: self.corpus.as_ref(), text: self.text.as_ref() }
    }
}

fn usual(from: &str, seed: u64) -> Content {
    Content::Made { kind: PayloadKind::MissingField, from: from.to_owned(), seed }
}

impl FaultKind for PayloadFault {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        misbehave(
            "payload",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: vec![self.written().content(usual(&self.from, cx.seed), &self.from, cx.seed)],
                qos: self.qos.number(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
