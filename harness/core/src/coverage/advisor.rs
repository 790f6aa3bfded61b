//! The tests of AWS IoT Core Device Advisor, by the ids of its documentation ("Device Advisor test cases" in the AWS IoT
//! Core Developer Guide).

/// What stands before the id of a test.
pub(super) const PREFIX: &str = "aws-iot-device-advisor/";

/// The tests: their ids, and what each asks of a device.
pub(super) const TESTS: &[(&str, &str)] = &[
    ("TLS_Connect", "completes a TLS handshake"),
    ("TLS_Receive_Maximum_Size_Fragments", "takes TLS records of the greatest size"),
    ("TLS_Support_AWS_IoT_Cipher_Suites", "offers a recommended cipher suite"),
    ("TLS_Large_Size_Server_Cert", "takes a large certificate"),
    ("TLS_Unsecure_Server_Cert", "refuses a certificate of an unknown CA"),
    ("TLS_Incorrect_Subject_Name_Server_Cert", "refuses a certificate for another name"),
    ("TLS_Expired_Server_Cert", "refuses an expired certificate"),
    ("MQTT_Connect", "sends CONNECT"),
    ("MQTT_Client_Puback_Qos1", "acknowledges a message of QoS 1"),
    ("MQTT_Connect_Jitter_Backoff_Retries", "backs off with jitter when no CONNACK comes"),
    ("MQTT_Connect_Exponential_Backoff_Retries", "backs off exponentially when no CONNACK comes"),
    ("MQTT_ReconnectionAfterSuccessfulConnection", "waits a second before it connects again"),
    ("MQTT_Reconnect_Backoff_Retries_On_Server_Disconnect", "backs off when the broker disconnects it"),
    ("MQTT_Publish", "publishes"),
    ("MQTT_Publish_Retry_No_Puback", "publishes again when no PUBACK comes"),
    ("MQTT_Subscribe", "subscribes"),
    ("MQTT_Subscribe_Retry_No_Suback", "subscribes again when no SUBACK comes"),
    ("MQTT_No_Ack_PingResp", "disconnects when no PINGRESP comes"),
    ("MQTT_Persistent_Session_Happy_Case", "goes on with its session"),
    ("MQTT_Expired_Persistent_Session", "subscribes again when its session has expired"),
    ("MQTT_Long_Duration", "does all of that for hours"),
    ("Security_Device_Policies", "has no permissions that it does not need"),
    ("Shadow_Publish_Reported_State", "reports its state to its shadow"),
    ("Shadow_Update_Reported_State", "takes a desired state from its shadow"),
    ("Job_Execution", "performs a job"),
];

/// The id of a test, which may also be written in lower case with dashes.
pub(super) fn test(written: &str) -> Option<&'static str> {
    let same = |id: &str| id.eq_ignore_ascii_case(&written.replace('-', "_"));
    TESTS.iter().map(|(id, _)| *id).find(|id| same(id))
}
