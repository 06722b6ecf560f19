"""DynamoDB: reads, the three write paths, rows."""
