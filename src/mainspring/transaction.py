"""A transaction that a handler asks for, to write in the database of the store: once, whatever happens.

@task
def credit(account: str, amount: int, transaction: Transaction) -> None:
    transaction.connection.execute("update account set balance = balance + ? where name = ?", (amount, account))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Transaction(ABC):
    """It commits together with the completion of the task, or not at all.

    Both happen when the handler has returned.  Where it raises, is too late, is cancelled, or its worker dies, what it
    wrote is rolled back.  The handler itself neither commits nor rolls back; savepoints are its own.
    It begins when a connection is first asked for.
    """

    @property
    @abstractmethod
    def connection(self) -> Any:
        """Of apsw on a SQLite store, of psycopg 3 on a PostgreSQL one; closed when the attempt has ended.

        Raises `TransactionLostError` when the attempt does not count any more, and `SettingInvalidError` for a store
        in memory, where there is no place for tables of yours.
        """

    @abstractmethod
    def connect(self, source: Any) -> Any:
        """The same by way of your own engine of SQLAlchemy, or of a function that opens a connection.

        It must lead to the database of the store.  Raises `SettingInvalidError` where it does not.
        """
