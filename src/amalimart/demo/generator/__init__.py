"""Generating a believable marketplace, table by table, from a seed."""
