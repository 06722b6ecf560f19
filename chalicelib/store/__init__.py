"""DynamoDB: reads, the four write paths, rows."""
