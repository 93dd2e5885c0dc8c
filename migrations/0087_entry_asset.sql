-- What an account gains is of the asset that it holds.
alter table ledger.account add constraint account_of_asset unique (id, asset_id);
alter table ledger.entry add constraint "ledger.asset" foreign key (account_id, asset_id) references ledger.account (id, asset_id);
