"""A page, a number of a process, and a body that is read to its end."""
import os

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def page():
    return "<!doctype html><title>Hello</title><p>Hello from the app.</p>\n"


@app.get("/pid")
def pid():
    return str(os.getpid())


@app.post("/up")
def up():
    length = 0
    while chunk := request.stream.read(65536):
        length += len(chunk)
    return str(length)
