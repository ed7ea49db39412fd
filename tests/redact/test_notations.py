"""Passwords in the notations in which people write them down, and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from gptexit.redact.detect import secrets
from gptexit.redact.occurrences import marked
from support.planted import BASE64, CODE, LETTERS, MIXED, Seeds

pytestmark = pytest.mark.slow

SEEDS = 3
"""Passwords that are tried in each notation."""
NOTATIONS = {
    "JSON": '{"user": "ada", "password":"@@"}',
    "JSON in JSON": '{"body": "{\\"password\\": \\"@@\\"}"}',
    "PHP define": "define('DB_PASSWORD', '@@');",
    "PHP define without space": "define('DB_PASSWORD','@@');",
    "PHP array": "'password' => '@@',",
    "SQL identified by": "CREATE USER 'ada'@'%' IDENTIFIED BY '@@';",
    "SQL identified with": "ALTER USER ada IDENTIFIED WITH mysql_native_password BY '@@';",
    "SQL password": "ALTER USER ada WITH PASSWORD '@@';",
    "SQL password function": "SET PASSWORD FOR 'ada' = PASSWORD('@@');",
    "XML element": "<user>ada</user><password>@@</password>",
    "XML attribute": '<datasource user="ada" password="@@"/>',
    "XML key and value": '<add key="DbPassword" value="@@" />',
    "TypeScript": "const password: string = '@@';",
    "TypeScript optional": "private dbPassword?: string | null = \"@@\";",
    "Python annotation": 'password: str = "@@"',
    "Go": 'password := "@@"',
    "Rust": 'let password: &str = "@@";',
    "C#": 'string password = @"@@";',
    "Java": 'props.setProperty("db.password", "@@");',
    "Python call": 'session.login("ada", password="@@")',
    "a line": "User: ada\nPassword: @@\n",
    "a line in German": "Benutzer: ada\nPasswort: @@\n",
    "a line in bold": "- **Password:** @@\n- **Host:** x",
    "a line in back quotes": "Password: `@@`",
    "a sentence": "the password is @@ and the user is ada",
    "a sentence in quotes": 'My password is "@@".',
    "Chinese": "密码是@@，请看",
    "a table": "| user | ada |\n| password | @@ |\n",
    "pwd": "Server=db;Uid=ada;Pwd=@@;",
    "ADO": "Server=db.local;Database=x;User Id=ada;Password=@@;Encrypt=true",
    "ODBC in a string": 'conn = "DRIVER={SQL};SERVER=x;UID=ada;PWD=@@"',
    "jdbc": "jdbc:mysql://db:3306/app?user=ada&password=@@&useSSL=false",
    "jdbc sqlserver": "jdbc:sqlserver://db:1433;user=ada;password=@@;encrypt=true",
    "a query": "curl 'https://h.example/login?user=ada&password=@@'",
    "mysql": "mysql -u root -p@@ app",
    "mysqldump": "$ mysqldump -h db -u root -p'@@' app > app.sql",
    "docker": "docker login -u ada -p @@ registry.example.com",
    "sshpass": "sshpass -p '@@' ssh ada@host",
    "sshpass bare": "sshpass -p @@ ssh ada@host",
    "an option": "tool --user ada --password @@ --host x",
    "an option with a sign": "tool --db-password=@@ --host x",
    "redis": "redis-cli -h cache -a @@ ping",
    "redis setting": "requirepass @@",
    "curl": "curl -u ada:@@ https://h.example/",
    "openssl": "openssl rsa -in key.pem -passin pass:@@",
    "environment": "AWS_SECRET_ACCESS_KEY=@@",
    "environment in a sentence": "I set DB_PASSWORD=@@ and it fails.",
    "environment in back quotes": "I set `DB_PASSWORD=@@` and it fails.",
    "environment before a command": "PGPASSWORD=@@ psql -h db",
    "export": "export DB_PASSWORD=@@",
    "Windows": "set DB_PASSWORD=@@",
    "PowerShell": '$env:DB_PASSWORD = "@@"',
    "docker -e": "docker run -e POSTGRES_PASSWORD=@@ postgres",
    "WireGuard": "[Interface]\nPrivateKey = @@\nAddress = 10.0.0.2/32",
    "compose": "environment:\n  - MYSQL_ROOT_PASSWORD=@@\n",
    "compose mapping": "environment:\n  MYSQL_ROOT_PASSWORD: @@\n",
    "k8s": "stringData:\n  password: @@\n",
    "k8s environment": "- name: DB_PASSWORD\n  value: @@\n",
    "k8s environment in quotes": '- name: DB_PASSWORD\n  value: "@@"\n',
    "ECS": '{"name": "DB_PASSWORD", "value": "@@"}',
    "properties": "spring.datasource.password=@@\n",
    "TOML": 'password = "@@"',
    "INI": "password = @@\n",
    "Terraform": 'variable "password" {\n  default = "@@"\n}',
    "netrc": "machine h.example login ada password @@",
    "user and host": "it is ada:@@@db.internal you see",
    "a URL": "postgres://ada:@@@db.internal/app",
    "a URL in brackets": "(amqp://ada:@@@mq.internal:5672)",
    "a URL without user": "redis://:@@@cache.internal:6379/0",
    "git": "git clone https://ada:@@@git.example.com/x.git",
    "Bearer": "Authorization: Bearer @@@@@@",
    "Bearer in JSON": '{"Authorization": "Bearer @@@@@@"}',
    "Bearer in code": "headers={'Authorization': f'Bearer @@@@@@'}",
    "Basic": "Authorization: Basic @@@@",
    "Token": "Authorization: Token @@@@@@",
    "a header": "X-Api-Key: @@@@@@",
    "a cookie": "Cookie: theme=dark; sessionid=@@@@@@; lang=en",
    "a cookie that is set": "Set-Cookie: SID=@@@@@@; Path=/; HttpOnly",
    "a cookie of curl": "curl -b 'session=@@@@@@' https://h.example/",
    "a token": 'token = "@@@@@@"',
    "a client secret": "client_secret=@@@@@@&grant_type=x",
    "Azure": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@@@@@@@==;EndpointSuffix=x",
}  # fmt: skip
AROUND = {
    "alone": "{}",
    "a quotation": "> {}",
    "a list": "- {}",
    "back quotes": "`{}`",
    "a fence": f"{CODE}\n{{}}\n{CODE}",
    "after words": "This is what I have:\n\n{}\n\nWhat is wrong?",
}
LETTERS_ALONE = ("JSON", "PHP define", "TypeScript", "SQL identified by", "XML attribute")


def without(text: str) -> str:
    return marked(text, secrets(text))


def left(notation: str, around: str, letters: str, length: int) -> list[Any]:
    template = NOTATIONS[notation]
    remaining = []
    for seed in range(SEEDS):
        values = [
            Seeds(seed * 7 + number).of(length, letters) for number in range(template.count("@@"))
        ]
        text = template
        for value in values:
            # From behind: the second of `@@@` is the sign between a password and its host.
            text = text.replace("@@", value, 1)
        prefix = "" if around not in ("a quotation", "a list") else AROUND[around][:2]
        text = AROUND[around].format(
            text.replace("\n", f"\n{prefix if around == 'a quotation' else '  ' * bool(prefix)}")
        )
        if any(value[:-1] in without(text) for value in values):
            remaining.append(text)
    return remaining


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_password_is_found_in_each_notation(notation: str) -> None:
    for number, around in enumerate(AROUND):
        letters = (MIXED, BASE64)[number % 2] if notation in ("WireGuard", "Azure") else MIXED
        assert left(notation, around, letters, 14) == [], around


@pytest.mark.parametrize("notation", LETTERS_ALONE)
def test_a_password_of_letters_alone_is_found(notation: str) -> None:
    assert left(notation, "alone", LETTERS, 14) == []
