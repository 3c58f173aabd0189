"""OpenAI's API under `/v1`, so that programs written for it use the platform: its forms outside, the SDK inside."""
