"""S3: objects, locks, ZIPs."""
