"""The long-term object map in memory: visits, prototypes, places, search, history."""
