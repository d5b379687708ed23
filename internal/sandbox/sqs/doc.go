// Package sqs simulates the standard queues of Amazon SQS as far as dead letters need them: the
// resource types AWS::SQS::Queue and AWS::SQS::QueuePolicy, and the calls that send, receive and
// delete messages and describe queues. Messages are invisible after they were received, and expire.
//
// FIFO queues, delays, redrive and encryption with KMS keys are not modelled. Sources: Amazon SQS
// API Reference; Amazon SQS Developer Guide, "Message quotas".
package sqs
