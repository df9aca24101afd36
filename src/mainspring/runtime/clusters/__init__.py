"""The clusters that attempts can be handed to, one file each."""
