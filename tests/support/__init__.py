"""Helpers of the tests: sample exports, builders, strategies and judges. None of them is a test."""
